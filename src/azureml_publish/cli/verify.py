"""`publish verify`: registered content against its manifest."""

from __future__ import annotations

import click

from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import registry_option, reporting
from azureml_publish.cli.output import Output
from azureml_publish.cli.progress import progress_option, watch
from azureml_publish.errors import ExitCode, NotFound
from azureml_publish.pipeline.signing import find_verifier
from azureml_publish.pipeline.verify import verify
from azureml_publish.reporters.verify import checks_junit, content_checks_json, content_checks_text


@click.command("verify")
@click.argument("models", metavar="[MODEL[:VERSION]]...", nargs=-1)
@registry_option
@progress_option
@click.option("--quick", is_flag=True, help="Compare sizes and noted digests only; no file is read.")
@click.option("--signature", metavar="KEY.pub", help="Want each signed by the owner of this public key.")
@click.option("--identity", metavar="WHO", help="Want each signed by this identity through sigstore; with --issuer.")
@click.option("--issuer", metavar="URL", help="Who vouches for --identity.")
@events_option
@reporting("junit")
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    progress: str,
    quick: bool,
    signature: str | None,
    identity: str | None,
    issuer: str | None,
) -> None:
    """Read every registered file and compare path, size and SHA-256 with the manifest.

    Files stream through memory; none is kept. --quick compares sizes and the digests that were noted when the files
    were checked on their way in. --signature checks with a public key, and without a network beyond the registry, who
    signed a version. Without names: the versions that the model folders name. Exits with 1 where anything
    differs, else with 3 where a version is not registered; the others are verified all the same.
    """
    missing: dict[str, NotFound] = {}
    verifier = find_verifier(output.run, signature, identity, issuer)
    with watch(output, progress) as watched:
        checks = verify(output.run, models, registry, watched, quick=quick, missing=missing, verifier=verifier)
    if models and len(missing) == 1 and not checks:
        raise next(iter(missing.values()))
    absent = {reference: error.message for reference, error in missing.items()}
    if output.format == "junit":
        output.data(checks_junit(checks, absent))
    elif output.json:
        output.data(content_checks_json(checks, absent))
    else:
        output.data(content_checks_text(checks, absent, output.paint))
    if any(check.problems for check in checks):
        raise SystemExit(ExitCode.FAILURE)
    if missing:
        raise SystemExit(ExitCode.NOT_FOUND)
