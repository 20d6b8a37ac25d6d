"""Keys and tenants: commands on the control file, also beside a running service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import output
from pipeline.cli.options import HOME, AsJson, Data, Tenant

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.gateway.control import Control

keys = typer.Typer(help="API keys of the HTTP door.", no_args_is_help=True, rich_markup_mode=None)
tenants = typer.Typer(help="The gyms of this data folder.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keys, name="keys")
    app.add_typer(tenants, name="tenants")


@keys.command("create")
def create_key(
    *,
    scope: Annotated[
        list[str], typer.Option("--scope", help="ingest, read, analyst or admin; give it several times for several.")
    ],
    label: Annotated[str, typer.Option("--label", help="What the key is for.")] = "",
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=36_500, help="The key ends after so many days.")
    ] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it; it is not kept and cannot be shown again."""
    from pipeline.clock import SystemClock

    expires_at = SystemClock().now() + timedelta(days=days) if days else None
    with _control(data) as control:
        key_id, text = control.create_key(tenant, scope, label=label, expires_at=expires_at)
    if as_json:
        output.print_json({"key": text, "key_id": key_id, "tenant": tenant, "scopes": sorted(set(scope))})
    else:
        output.say(text)
        output.note(f"key {key_id} of {tenant} with {', '.join(sorted(set(scope)))}; keep it, it is shown only now")


@keys.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option("--tenant", metavar="T", help="Only this gym's.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Keys with their scopes, without their secrets."""
    with _control(data) as control:
        rows = [asdict(row) for row in control.list_keys(tenant)]
    if as_json:
        output.print_json(rows)
        return
    columns = {"key_id": "id", "tenant": "tenant", "scopes": "scopes", "label": "label", "created_at": "created"}
    more = {"last_used_at": "last used", "expires_at": "ends", "revoked_at": "revoked"}
    output.print_rows(rows, columns | more, empty="no keys; `spotter keys create --scope ingest` makes one")


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")], data: Data = None
) -> None:
    """End a key; a running service refuses it within seconds."""
    with _control(data) as control:
        control.revoke_key(key_id)
    output.say(f"key {key_id} is revoked")


@tenants.command("create")
def create_tenant(name: Annotated[str, typer.Argument(metavar="NAME")], data: Data = None) -> None:
    """Make a tenant; `home` exists from the start."""
    with _control(data) as control:
        control.create_tenant(name)
    output.say(f"tenant {name} is ready")


@tenants.command("list")
def list_tenants(data: Data = None, as_json: AsJson = False) -> None:
    """All tenants."""
    with _control(data) as control:
        rows = [{"tenant": name, "created_at": at} for name, at in control.tenants()]
    if as_json:
        output.print_json(rows)
    else:
        output.print_rows(rows, {"tenant": "tenant", "created_at": "created"}, empty="no tenants")


@contextmanager
def _control(data: Path | None) -> Iterator[Control]:
    from pipeline.gateway.control import Control
    from pipeline.settings import data_folder

    control = Control(data_folder(data))
    try:
        yield control
    finally:
        control.close()
