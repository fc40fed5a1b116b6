"""The locked requirements: complete, checked by hash, and silent about where packages come from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[2]
LOCKS = ("run.txt", "build.txt", "dev.txt")


def locked(name: str) -> dict[str, str]:
    """Return the packages of a requirement file with their versions."""
    text = (CHECKOUT / "requirements" / name).read_text(encoding="utf-8")
    return {canonicalize_name(package): version for package, version in re.findall(r"(?m)^(\S+?)==([^\s;]+)", text)}


def project() -> dict[str, Any]:
    """Return what pyproject.toml says about the project."""
    table: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes_and_no_address(name: str) -> None:
    text = (CHECKOUT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "file:" not in text
    packages = [line for line in text.splitlines() if re.match(r"\S+==", line)]
    assert packages
    assert all(line.endswith("\\") for line in packages), "a version without a hash"


def test_the_locks_fulfil_the_project() -> None:
    run, dev = locked("run.txt"), locked("dev.txt")
    extras = project()["optional-dependencies"]
    for versions, wanted in (
        (run, project()["dependencies"]),
        (dev, [one for extra in extras.values() for one in extra]),
    ):
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement.name


def test_all_locks_agree() -> None:
    assert locked("run.txt").items() <= locked("dev.txt").items()
    assert locked("build.txt").items() <= locked("dev.txt").items()


@pytest.mark.parametrize("folder", ["deploy/witness", "server/console"])
def test_the_packages_of_node_are_exact_and_checked(folder: str) -> None:
    manifest = json.loads((CHECKOUT / folder / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((CHECKOUT / folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in {**manifest["dependencies"], **manifest.get("devDependencies", {})}.items():
        assert lock[f"node_modules/{name}"]["version"] == version
    packages = [package for path, package in lock.items() if path]
    assert all("integrity" in package and "resolved" not in package for package in packages)
    assert "ignore-scripts=true" in (CHECKOUT / folder / ".npmrc").read_text(encoding="utf-8").splitlines()
