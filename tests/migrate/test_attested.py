"""What was attested of a case is forgotten with its attestation."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from childgrid_migrate.moving import move
from migrate import stores
from migrate.stores import old, rows


def test_what_an_earlier_release_left_of_shredded_attestations_goes(
    tmp_path: Path,
) -> None:
    """A row whose statement was shredded goes for good; one that stands is kept."""
    kept = stores.node_log(tmp_path)
    old(kept)
    with kept.base.opened(writing=True) as db, db.begin():
        for name in ("gone1", "never heard of"):
            row = {"case": f"case of {name}", "hash": name}
            db.execute(text("INSERT INTO attested VALUES (:case, 'io', :hash)"), row)
    before = rows(kept.base)["attested"]

    move(kept.base)

    standing = [row for row in before if row[2] in ("word1", "word2")]
    assert len(standing) == 2
    assert rows(kept.base)["attested"] == standing
    move(kept.base, stores.FIRST)
    assert rows(kept.base)["attested"] == standing
