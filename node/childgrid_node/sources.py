"""Which sources a node has, and whether its policy grants only what they can give.

Both are read at the start; what is at fault keeps the node from serving.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from childgrid_node import agency
from childgrid_node.config import NodeConfig
from childgrid_node.mapping import Mapping
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.trust import View


def mappings(config: NodeConfig) -> list[Path]:
    """The mapping files of a provider, in order; none for who only asks.

    Raises:
        ConfigurationRefused: a provider without any.
    """
    if "provider" not in config.uses:
        return []
    paths = sorted(config.sources.glob("*.toml"))
    if not paths:
        raise ConfigurationRefused(f"no mapping in {config.sources.name}/")
    return paths


def check_policy(policy: Path, sources: Sequence[Mapping], view: View) -> None:
    """Insist that whatever the policy grants is there to be given, and may be.

    Each label that a rule grants stands under `[disclose]` in every source of the
    rule's category, and the founders' floor lets data of the label's own category
    out for each of the rule's purposes.

    Raises:
        ConfigurationRefused: naming the rule, the label and what is at fault.
    """
    if not policy.exists():
        return
    allowed = {one["purpose"]: one["categories"] for one in view.rules()["purposes"]}
    for rule in agency.policy_body(policy)["rules"]:
        for source in sources:
            if source.category == rule["category"]:
                _check_rule(policy.name, rule, source, allowed)


def _check_rule(
    name: str, rule: dict[str, Any], source: Mapping, allowed: dict[str, list[str]]
) -> None:
    where = f"{name}: category.{source.category}"
    for label in rule["fields"]:
        if label not in source.grants:
            raise ConfigurationRefused(
                f"{where} grants {label}, which {source.path.name} doesn't disclose"
            )
        category = source.grants[label].category
        for purpose in rule["purposes"]:
            if category not in allowed.get(purpose, []):
                raise ConfigurationRefused(
                    f"{where} grants {label} for {purpose}, but the floor keeps"
                    f" {category} back"
                )
