"""Render the chart with Helm itself and hold it against Kubernetes' own schemas.

Run by the interpreter of `.venv-deploy`, which has both and none of our packages. Reads
a list of cases from standard input, `{"values": …}` each, and writes as JSON for each
the documents with the findings of Helm's linter, or what was refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

KUBERNETES = "1.34"


def rendered(
    chart: helm.Chart, folder: str, values: dict[str, object]
) -> dict[str, object]:
    """One case: `documents` and `linted`, or `refused` with the reason."""
    try:
        chart.validate_schema(values)
        texts = chart.render(values, name="police", namespace="grid").values()
        documents = [
            one for text in texts for one in yaml.safe_load_all(text) if one is not None
        ]
        for one in documents:
            kubernetes_validate.validate(one, KUBERNETES, strict=True)
    except helm.HelmError as error:
        return {"refused": str(error)}
    except kubernetes_validate.ValidationError as error:
        return {"refused": f"Kubernetes: {error.message}"}
    return {"documents": documents, "linted": helm.lint(folder, values)["errors"]}


def main() -> int:
    """Answer for every case."""
    folder = str(Path(sys.argv[1]))
    with helm.Chart.load(folder) as chart:
        cases = json.load(sys.stdin)
        made = [rendered(chart, folder, one["values"]) for one in cases]
    json.dump(made, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
