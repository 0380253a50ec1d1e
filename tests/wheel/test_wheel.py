"""What pip installs works away from the checkout: nothing is forgotten in the wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.demo import what_was_played

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.wheel


def run(*command: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "LMS_SYNC_LANGUAGE": "en", **more}
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it; dependencies come from this environment's folder.

    A folder named in a .pth file is searched, but its own .pth files are not read, so that the
    checkout, which is installed there in place, stays out of sight.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    places = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    site_packages = Path(places.stdout.strip())
    done = run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        wheel,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return scripts


def test_the_wheel_holds_no_tests_and_no_secrets(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [
        name for name in names if name.startswith(("tests/", ".venv", "demo-academy", "requirements"))
    ]
    assert not [name for name in names if name.endswith((".pem", "/token", ".db"))]


def test_the_programs_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "python", "-c", "import lms_sync; print(lms_sync.__file__)", cwd=tmp_path)
    assert str(CHECKOUT) not in done.stdout


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "lms-sync", "demo", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    written = json.loads((tmp_path / "demo-academy" / "summary.json").read_text(encoding="utf-8"))
    assert summary == written
    folder = tmp_path / "demo-academy"
    what_was_played.pushed_learned_awarded_and_verified(folder, summary)
    what_was_played.reported(folder, summary)
    what_was_played.configured((folder / "config.yaml").read_text(encoding="utf-8"), "archive-61")
    explained = (tmp_path / summary["explained"]).read_text(encoding="utf-8")
    assert "Ende i pafituar: mungojnë 2 kërkesa." in explained  # one day was missed, no session led
    again = run(installed / "lms-sync", "demo", "--dir", "demo-academy/courses", cwd=tmp_path)
    assert again.returncode == 3, "a folder that no demo made is not replaced"
    assert "Traceback" not in again.stderr


def test_the_plugin_comes_out_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "lms-sync", "plugin", "zip", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(tmp_path / "local_lmssync.zip").namelist()
    assert {name.split("/", 1)[0] for name in names} == {"lmssync"}
    assert {"lmssync/version.php", "lmssync/db/services.php", "lmssync/lang/sq/local_lmssync.php"} <= set(
        names
    )


def test_an_academy_begins_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    begun = run(installed / "lms-sync", "init", "academy", cwd=tmp_path)
    assert begun.returncode == 0, begun.stderr
    checked = run(installed / "lms-sync", "check", "--dir", "academy", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
