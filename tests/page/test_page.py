"""The page engine: numbers and times in words, charts, escaping, the shield."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

import apart
from childgrid_page.charts import HEIGHT, WIDTH, columns
from childgrid_page.engine import STATIC, Pages, number
from childgrid_page.languages import ENGLISH
from childgrid_page.shield import HEADERS, KEPT, POLICY, SCRIPTED, Shield

INDIA = 19_800


def pages(folder: Path, **templates: str) -> Pages:
    """An application with these templates."""
    for name, text in templates.items():
        (folder / f"{name}.html").write_text(text)
    return Pages(folder, INDIA, {"service": "Test", "links": [("/", "Start")]})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1_000, "1,000"),
        (99_999, "99,999"),
        (100_000, "1,00,000"),
        (12_345_678, "1,23,45,678"),
        (-1_000, "-1,000"),
    ],
)
def test_counts_are_grouped_as_in_india(value: int, text: str) -> None:
    """The last three digits, then pairs."""
    assert number(value) == text


@given(st.integers(-(10**12), 10**12))
def test_a_grouped_count_reads_back(value: int) -> None:
    """Without its commas it is the count again."""
    assert int(number(value).replace(",", "")) == value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_661, "1 h 1 min"),
        (3_600, "1 h"),
        (86_400 + 59, "1 day"),
        (90_000, "1 day 1 h"),
        (7 * 86_400, "7 days"),
    ],
)
def test_a_length_of_time_is_told_in_two_units(seconds: int, text: str) -> None:
    """The two largest."""
    assert ENGLISH.span(seconds) == text


def test_times_are_the_readers_own(tmp_path: Path) -> None:
    """Half past ten in India on the fourth of January."""
    made = pages(tmp_path)
    assert made.moment(1_799_038_800) == "4 Jan 2027, 10:30:00"
    assert made.day(1_799_038_800 + 14 * 3_600) == "5 Jan 2027"


def test_what_goes_into_a_page_is_escaped_and_unknown_names_fail(
    tmp_path: Path,
) -> None:
    """In text and in attributes; a misspelt name never reaches a reader."""
    made = pages(
        tmp_path,
        good='{% extends "layout.html" %}{% block title %}{{ x }}{% endblock %}',
        bad='{% extends "layout.html" %}{% block main %}{{ y }}{% endblock %}',
        field='{% import "parts.html" as p %}{{ p.text_field("n", "L", value=x) }}',
    )
    assert "<title>&lt;b&gt; – Test</title>" in made.render("good.html", x="<b>")
    assert 'value="&#34;&gt;&lt;b&gt;"' in made.render("field.html", x='"><b>')
    with pytest.raises(UndefinedError):
        made.render("bad.html")


def test_a_chart_always_has_its_table(tmp_path: Path) -> None:
    """Every number stands in a row; the drawing is hidden from screen readers."""
    made = pages(tmp_path, chart='{% import "parts.html" as p %}{{ p.columns(c) }}')
    chart = columns("Searches", ("Month", "Searches"), [("Jan", 12_345), ("Feb", 0)])
    html = made.render("chart.html", c=chart)
    assert 'aria-hidden="true"' in html
    assert '<th scope="row">Jan</th><td class="count">12,345</td>' in html
    assert '<th scope="row">Feb</th><td class="count">0</td>' in html


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 10**9)), max_size=40))
def test_columns_stay_inside_the_drawing_and_in_proportion(
    rows: list[tuple[str, int]],
) -> None:
    """None overlaps another; the tallest has the largest count."""
    chart = columns("c", ("a", "b"), rows)
    assert [(one.label, one.value) for one in chart.bars] == rows
    edge = 0.0
    for bar in chart.bars:
        assert edge - 0.2 <= bar.x
        edge = bar.x + bar.width
        assert edge <= WIDTH
        assert 0 <= bar.y <= chart.floor <= HEIGHT
        assert bar.y + bar.height == pytest.approx(chart.floor, abs=0.2)
    by_value = sorted(chart.bars, key=lambda bar: bar.value)
    assert [b.height for b in by_value] == sorted(b.height for b in by_value)


def test_the_style_sheet_loads_nothing() -> None:
    """No address and no import in it."""
    text = (STATIC / "page.css").read_text()
    assert "url(" not in text
    assert "@import" not in text


def ask(
    shield: Shield, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str]]:
    """One request through a shield; returns status and headers."""
    said: list[dict[str, Any]] = []
    named = {"host": "here:1", **headers}
    scope = {
        "type": "http",
        "method": method,
        "headers": [
            (name.replace("_", "-").encode(), value.encode())
            for name, value in named.items()
        ],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.append(message)

    apart.run(shield(scope, receive, send))
    told = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], told


async def inside(scope: Any, receive: Any, send: Any) -> None:
    """An application that is careless about its headers."""
    headers = [(b"cache-control", b"public"), (b"x-own", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"inside"})


def test_the_shield_lets_in_its_own_and_sets_every_header() -> None:
    """What the application says of caches is replaced, not doubled."""
    shield = Shield(inside, ["here:1"], "http")
    status, headers = ask(shield)
    assert status == 200
    assert headers["x-own"] == "1"
    for name, value in HEADERS:
        assert headers[name.decode()] == value.decode()
    assert ask(shield, "POST", origin="http://here:1")[0] == 200


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"host": "here:2"}),
        ("GET", {"host": "evil"}),
        ("POST", {}),
        ("POST", {"origin": "https://here:1"}),
        ("POST", {"origin": "http://evil"}),
        ("POST", {"origin": "http://here:1", "sec_fetch_site": "cross-site"}),
        ("DELETE", {"origin": "null"}),
    ],
)
def test_the_shield_refuses_what_is_not_its_own(
    method: str, headers: dict[str, str]
) -> None:
    """Another host, a form from elsewhere; the refusal carries the headers too."""
    status, told = ask(Shield(inside, ["here:1"], "http"), method, **headers)
    assert status == 403
    assert told["cache-control"] == "no-store"
    assert "x-own" not in told


def test_browsers_are_left_free_to_name_the_origin_of_a_form() -> None:
    """With `no-referrer` they send `Origin: null`, and every own form is refused."""
    _, headers = ask(Shield(inside, ["here:1"], "http"))
    assert headers["referrer-policy"] == "same-origin"


def test_where_it_is_https_it_stays_https() -> None:
    """The browser remembers it for a year; on loopback there is nothing to remember."""
    _, headers = ask(Shield(inside, ["here:1"], "https"))
    assert headers["strict-transport-security"] == "max-age=31536000"
    _, headers = ask(Shield(inside, ["here:1"], "http"))
    assert "strict-transport-security" not in headers


def test_the_shield_leaves_other_protocols_unanswered() -> None:
    """A websocket gets nothing at all."""

    async def never(*_: Any) -> None:
        raise AssertionError("was let in")

    apart.run(Shield(never, ["here:1"])({"type": "websocket"}, never, never))


def test_an_answer_chooses_among_two_headers_only() -> None:
    """The application's own scripts and a file that may be kept; nothing looser."""
    wish: list[tuple[bytes, bytes]] = []

    async def inside(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": wish})
        await send({"type": "http.response.body", "body": b""})

    def answered(*headers: tuple[bytes, bytes]) -> dict[str, str]:
        wish[:] = headers
        return ask(Shield(inside, ["here:1"], "http"))[1]

    policy, cache = b"content-security-policy", b"cache-control"
    own = answered((policy, SCRIPTED.encode()), (cache, KEPT.encode()))
    assert own["content-security-policy"] == SCRIPTED
    assert own["cache-control"] == KEPT
    for loose in (b"default-src *", SCRIPTED.encode() + b" 'unsafe-inline'"):
        given = answered((policy, loose), (cache, b"public"))
        assert given["content-security-policy"] == POLICY
        assert given["cache-control"] == "no-store"
