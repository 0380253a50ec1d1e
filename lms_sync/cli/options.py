"""Options that many verbs share: which academy, which site, for a person or for a machine."""

from __future__ import annotations

from pathlib import Path

import click

dir_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The academy folder (default: here).",
)
site_option = click.option("--site", "site_name", help="The site in config.yaml (default: the only one).")
json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
