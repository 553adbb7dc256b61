"""Reading what changed: nothing that was written is missed, whatever the clock says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from childgrid_node.mapping import Mapping
from childgrid_node.register import Mark, Register
from childgrid_node.register.marks import bound
from childgrid_node.source_errors import RegisterError
from places import Place

moments = st.dates(date(2000, 1, 2), date(2100, 1, 1)).flatmap(
    lambda day: st.times().map(lambda time: datetime.combine(day, time))
)
NOW = int(datetime(2026, 3, 3, tzinfo=UTC).timestamp())
FIELDS = """
relation = "people"
key = "id"
updated = "changed"
[fields]
name = "name"
[where]
status = { not_in = ["ACQUITTED"] }
"""


@given(moments, st.integers(0, 1_000_000), st.sampled_from("T "), st.booleans())
def test_a_text_mark_goes_back_as_its_column_is_written(
    moment: datetime, lag: int, separator: str, zulu: bool
) -> None:
    """What is not older than the look-back compares as not less, letter by letter."""
    written = moment.isoformat(separator, "seconds") + ("Z" if zulu else "")
    bound = Mark.of(written, "updated").back(lag)
    for seconds in (0, lag // 2, lag):
        earlier = moment.replace(microsecond=0) - timedelta(seconds=seconds)
        assert earlier.isoformat(separator, "seconds") + "Z" * zulu >= bound
    older = moment.replace(microsecond=0) - timedelta(seconds=lag + 1)
    assert older.isoformat(separator, "seconds") + "Z" * zulu < bound


@pytest.mark.parametrize(
    "value",
    [
        datetime.fromisoformat("2026-01-02T03:04:05.000006"),
        datetime(2026, 1, 2, tzinfo=UTC),
        date(2026, 1, 2),
        "2026-01-02",
        "2026-01-02 03:04:05.123",
    ],
)
def test_a_mark_survives_being_written_down(value: object) -> None:
    """What is read again is the same mark."""
    mark = Mark.of(value, "updated")
    assert Mark.load(mark.dump()) == mark


@pytest.mark.parametrize("dumped", ["", "{}", "[]", "[1,2]", '["x","y"]', "null"])
def test_what_is_no_mark_is_none(dumped: str) -> None:
    """A damaged mark means reading the source whole."""
    assert Mark.load(dumped) is None


@pytest.mark.parametrize("value", [7, 1.5, "yesterday", b"x"])
def test_an_updated_column_without_times_is_refused(value: object) -> None:
    """The message names the setting and the way out, never the value."""
    with pytest.raises(RegisterError) as refusal:
        Mark.of(value, "people.toml: updated")
    assert "people.toml: updated" in str(refusal.value)
    assert "yesterday" not in str(refusal.value)


class People:
    """A table that is written to while it is read."""

    def __init__(self, url: str, reader: str, folder: Path) -> None:
        self.engine = create_engine(url)
        time = "TIMESTAMP" if "postgresql" in url else "TEXT"
        drop = "DROP TABLE IF EXISTS people"
        self.run(f"{drop} CASCADE" if "postgresql" in url else drop)
        self.run(
            "CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, status TEXT,"
            f" changed {time})"
        )
        mapping = Mapping.parse(
            f'agency = "test"\nsource = "{reader}"\n{FIELDS}', folder / "people.toml"
        )
        self.register = Register.open(mapping)

    def run(self, sql: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(sql), values)

    def put(self, key: str, changed: str | None, status: str = "OPEN") -> None:
        self.run("DELETE FROM people WHERE id = :k", k=key)
        self.run(
            "INSERT INTO people VALUES (:k, 'Ramesh', :s, :c)",
            k=key,
            s=status,
            c=changed,
        )

    def changed(self, since: Mark, lag: int = 3_600) -> dict[str, bool]:
        """Keys that a reader meets, and whether their rows may be searched."""
        return {
            one.key: one.row is not None
            for batch in self.register.changes(since, lag, 2)
            for one in batch
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> People:
    """The table in each of two databases."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'people.db'}"
        return People(url, url, tmp_path)
    place: Place = request.getfixturevalue("postgresql")
    owner = place.owner.render_as_string(hide_password=False)
    return People(owner, place.source, tmp_path)


def test_late_commits_and_rows_without_time_are_met(people: People) -> None:
    """The look-back catches who committed late; a missing time is read every time."""
    people.put("old", "2026-01-01 00:00:00")
    people.put("last", "2026-03-01 12:00:00")
    mark = people.register.mark(NOW)
    assert mark is not None
    people.put("late", "2026-03-01 11:10:00")
    people.put("new", "2026-03-02 00:00:00")
    people.put("undated", None)
    assert people.changed(mark) == dict.fromkeys(
        ["late", "last", "new", "undated"], True
    )


def test_a_time_that_has_not_come_hides_nothing(people: People) -> None:
    """A slip of the pen or a fast clock must not pass over all that is written next."""
    people.put("last", "2026-03-02 12:00:00")
    people.put("slip", "2062-03-02 12:00:00")
    mark = people.register.mark(NOW)
    assert mark is not None
    people.put("new", "2026-03-02 13:00:00")
    people.put("acquitted", "2026-03-02 13:00:00", "ACQUITTED")
    assert people.changed(mark) == {
        "last": True,
        "slip": True,
        "new": True,
        "acquitted": False,
    }


def test_where_no_time_has_come_the_source_is_read_whole(people: People) -> None:
    """There is no mark to begin at."""
    people.put("slip", "2062-03-02 12:00:00")
    assert people.register.mark(NOW) is None


@pytest.mark.parametrize("odd", ["infinity", "N/A", ""])
def test_a_word_in_place_of_a_time_keeps_no_other_row_back(
    people: People, odd: str
) -> None:
    """Such a row is read every time, like one without a time."""
    if people.engine.name == "postgresql" and odd != "infinity":
        return
    people.put("last", "2026-03-02 12:00:00")
    people.put("odd", odd)
    mark = people.register.mark(NOW)
    assert mark is not None
    people.put("new", "2026-03-02 13:00:00")
    assert people.changed(mark) == dict.fromkeys(["last", "new", "odd"], True)


@pytest.mark.parametrize(
    ("greatest", "hours"),
    [
        (datetime(2026, 3, 3, 0, 30, tzinfo=UTC), 1),
        (datetime(2026, 3, 3, 6, 0), 1),  # noqa: DTZ001 - India's, as columns hold it
        (date(2026, 3, 4), 19),
        ("2026-03-03T00:30:00Z", 1),
        ("2026-03-03 06:00", 1),
        ("2026-03-04", 19),
    ],
)
def test_a_time_comes_by_its_own_zone_or_indias(greatest: object, hours: int) -> None:
    """Until then a column is bound to now, written as the column is."""
    as_text = isinstance(greatest, str)
    until = bound(greatest, NOW, as_text=as_text)
    assert until is not None
    assert str(until) <= str(greatest)
    assert bound(greatest, NOW + hours * 3_600, as_text=as_text) is None


def test_who_was_acquitted_is_met_as_barred(people: People) -> None:
    """A row that the filters no longer let in is told by its key alone."""
    people.put("a", "2026-03-01 12:00:00")
    mark = people.register.mark(NOW)
    assert mark is not None
    people.put("a", "2026-03-01 13:00:00", "ACQUITTED")
    assert people.changed(mark) == {"a": False}
    assert list(people.register.keys()) == []


def test_what_was_deleted_shows_only_in_the_keys(people: People) -> None:
    """Deletes leave no time of change; the keys alone tell."""
    people.put("a", "2026-03-01 12:00:00")
    people.put("b", "2026-03-01 12:00:00")
    mark = people.register.mark(NOW)
    assert mark is not None
    people.run("DELETE FROM people WHERE id = 'a'")
    assert people.changed(mark) == {"b": True}
    assert list(people.register.keys()) == ["b"]


def test_an_empty_table_has_no_mark(people: People) -> None:
    """It is read whole the next time."""
    assert people.register.mark(NOW) is None


def test_a_file_is_read_again_when_it_is_another(tmp_path: Path) -> None:
    """While it is the same, nothing has changed."""
    path = tmp_path / "people.csv"
    path.write_text("id,name,status,changed\na,Ramesh,OPEN,\n", "utf-8")
    lines = f'agency = "test"\nsource = "people.csv"\n{FIELDS}'
    lines = lines.replace('relation = "people"\n', "")
    register = Register.open(Mapping.parse(lines, tmp_path / "people.toml"))
    mark = register.mark(NOW)
    assert mark is not None
    assert list(register.changes(mark, 0)) == []
    path.write_text("id,name,status,changed\nb,Suresh,OPEN,\n", "utf-8")
    (batch,) = register.changes(mark, 0)
    assert [one.key for one in batch] == ["b"]
    assert register.mark(NOW) != mark
