"""Fetch the fonts that pages are written in: `python portal/fonts.py`.

They are Noto Sans of the ten scripts of India's languages, as the npm packages
@fontsource/* cut them by script (woff2, weights 400 and 700), under the SIL Open Font
License 1.1, whose text is copied beside them. The packages' bytes are checked against
`fonts.sha256`, so that a run gives the same files again. One family is made of all of
them: by `unicode-range` a browser loads the scripts that a page holds, and no other.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

STATIC = Path(__file__).parent / "childgrid_page" / "static"
VERSION = "5.3.0"
WEIGHTS = (400, 700)
FAMILY = "Childgrid Noto"
PACKAGES = {
    "noto-sans": ("latin", "latin-ext"),
    "noto-sans-devanagari": ("devanagari",),
    "noto-sans-bengali": ("bengali",),
    "noto-sans-gurmukhi": ("gurmukhi",),
    "noto-sans-gujarati": ("gujarati",),
    "noto-sans-oriya": ("oriya",),
    "noto-sans-tamil": ("tamil",),
    "noto-sans-telugu": ("telugu",),
    "noto-sans-kannada": ("kannada",),
    "noto-sans-malayalam": ("malayalam",),
    "noto-sans-arabic": ("arabic",),
}
"""Package to the subsets that are taken from it."""

SUMS = Path(__file__).with_name("fonts.sha256")
"""What each package must be, as `sha256sum` writes it."""

_FACE = """@font-face {{
  font-family: "{family}";
  font-weight: {weight};
  font-display: swap;
  src: url("fonts/{file}") format("woff2");
  unicode-range: {ranges};
}}
"""

_USE = f"""html {{ font-family: "{FAMILY}", system-ui, sans-serif; }}
"""


def main() -> None:
    """Fetch every package, and write the fonts, their licences and `fonts.css`."""
    (STATIC / "fonts").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        faces = [
            face for name in PACKAGES for face in _take(name, _fetch(name, folder))
        ]
    head = "/* Made by portal/fonts.py; licences in fonts/. */\n"
    (STATIC / "fonts.css").write_text(head + "".join(faces) + _USE)


def _fetch(name: str, folder: str) -> Path:
    package = f"@fontsource/{name}@{VERSION}"
    subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
    path = Path(folder) / f"fontsource-{name}-{VERSION}.tgz"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if f"{digest}  {path.name}" not in SUMS.read_text().splitlines():
        raise SystemExit(f"{name} is not the package that was looked at")
    return path


def _take(name: str, package: Path) -> list[str]:
    """Copy a package's subsets and licence; returns their `@font-face` rules."""
    with tarfile.open(package) as tar:
        ranges = json.loads(_read(tar, "unicode.json"))
        (STATIC / "fonts" / f"LICENSE-{name}.txt").write_bytes(_read(tar, "LICENSE"))
        faces = []
        for subset in PACKAGES[name]:
            for weight in WEIGHTS:
                file = f"{name}-{subset}-{weight}-normal.woff2"
                (STATIC / "fonts" / file).write_bytes(_read(tar, f"files/{file}"))
                faces.append(_face(file, weight, ranges[subset]))
    return faces


def _face(file: str, weight: int, ranges: str) -> str:
    return _FACE.format(family=FAMILY, weight=weight, file=file, ranges=ranges)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(f"package/{name}")
    if file is None:
        raise SystemExit(f"{name} is no file")
    return file.read()


if __name__ == "__main__":
    main()
