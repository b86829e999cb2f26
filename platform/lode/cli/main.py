"""The `lode` command line: parse, see to the engine, call one Django command, translate errors into sentences.

Exit codes: 0 done; 1 a check failed or the platform refused; 2 wrong usage; 3 Lode cannot run here. Never a traceback,
unless LODE_DEBUG=1.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import NoReturn

from ledger.witness.arguments import add_commands as add_witness_commands
from lode.cli import arguments, key_commands
from lode.cli.explain import INTERRUPTED, explain
from lode.engine.places import database_is_given, require_writable, var_folder

Run = Callable[[argparse.Namespace, Sequence[str]], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    options = _parser().parse_args(words)
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _leave)
    try:
        code: int = options.run(options, words[options.depth :])
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `lode … | head`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("LODE_DEBUG") == "1":
            raise
        sentence, code = explain(error)
        print(sentence, file=sys.stderr)
    return code


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)  # runs the `finally` blocks, so that the database stops


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lode", description="Materials as a service: ledger, contracts, settlement.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add(commands, "run", "serve everything on one machine until Ctrl-C", arguments.nothing, _serve)
    _add(commands, "demo", "load the demo world, run the main job and print what happened", arguments.demo, _demo)
    _add(commands, "settle", "settle what is due, or one period of one contract", arguments.settle, _settle)
    _add(commands, "compute", "compute a statement from a file; no database", arguments.compute, _compute)
    _add(commands, "export", "print a statement for finance", arguments.export, _django("export"))
    _add(commands, "migrate", "bring the database up to date", arguments.nothing, _django("prepare_database"))
    _add(commands, "prepare", None, arguments.nothing, _prepare)

    ledger = commands.add_parser("ledger", help="export, verify, and read balances").add_subparsers(
        metavar="COMMAND", required=True
    )
    _add(ledger, "export", "write a folder that anybody can verify", arguments.ledger_export, _django("ledger_export"))
    _add(ledger, "verify", "verify the whole ledger", arguments.ledger_verify, _django("ledger_verify"))
    _add(ledger, "balance", "balances at a day and a tree size", arguments.ledger_balance, _django("ledger_balance"))
    _add(ledger, "close", "commit to all balances by a notice", arguments.ledger_close, _django("ledger_close"))
    _add(
        *(ledger, "prove-balance", "write the proof of one account's balance"),
        *(arguments.ledger_prove_balance, _django("ledger_prove_balance")),
    )
    _add(ledger, "receipt", "write an entry's COSE receipt", arguments.ledger_receipt, _django("ledger_receipt"))
    _add(ledger, "gather", "ask the witnesses to cosign", arguments.nothing, _django("ledger_gather"))
    _add(ledger, "trust", "print the trust root", arguments.ledger_trust, _django("ledger_trust"))
    _add(ledger, "adopt", "let a signer go on from a checkpoint", arguments.ledger_adopt, _django("ledger_adopt"))
    _add(
        *(ledger, "bring-back", "put back from exports what a restored database has lost"),
        *(arguments.ledger_bring_back, _django("ledger_bring_back")),
    )
    for name, summary in (
        ("statement", "one account between two days: opening, lines, closing"),
        ("history", "one account over its whole life, as recorded or as it occurred"),
        ("learned", "what came to be known of a day since the ledger had another size"),
        ("entries", "the entries, newest first, a row for each posting"),
    ):
        _add(ledger, name, summary, getattr(arguments, f"ledger_{name}"), _django(f"ledger_{name}"))
    _add(ledger, "sign", "sign an entry with a key file; no database", key_commands.ledger_sign, key_commands.sign_note)
    _add(ledger, "append", "hand signed notes in", key_commands.ledger_append, _append)
    _add(ledger, "bulk", "post a file of signed entries, line by line", arguments.ledger_bulk, _bulk)
    _add(ledger, "csv", "turn a CSV of movements into signed entries", arguments.ledger_csv, _files("movements", "csv"))
    for nested in ledger.choices.values():
        nested.set_defaults(depth=2)
    _add_keys(commands)

    _add(commands, "signer", "hold the log's key in a process of its own", arguments.signer, _signer)
    witness = commands.add_parser("witness", help="witness logs, as lode-witness does")
    add_witness_commands(witness)
    witness.set_defaults(run=_witness, depth=1)

    _add_manifests(commands)

    control = commands.add_parser("engine", help="the embedded database").add_subparsers(
        metavar="COMMAND", required=True
    )
    _add(control, "start", "start it and leave it running", arguments.nothing, _engine("start"))
    _add(control, "stop", "stop it", arguments.nothing, _engine("stop"))
    _add(control, "status", "say whether it runs", arguments.nothing, _engine("status"))
    return parser


def _add_keys(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    keys = commands.add_parser("keys", help="keys that a party keeps itself").add_subparsers(
        metavar="COMMAND", required=True
    )
    _add(keys, "new", "make a key and print its verifier key", key_commands.new, key_commands.make)
    _add(keys, "show", "print the verifier key of a key file", key_commands.key_file, key_commands.show)
    _add(keys, "sign", "sign a text of a page and print the line", key_commands.sign_text, key_commands.print_line)
    _add(keys, "register", "register a key over the API", key_commands.register, key_commands.register_by_api)
    _add(keys, "revoke", "revoke a key over the API", key_commands.revoke, key_commands.revoke_by_api)
    _add(keys, "reseal", "seal the hosted keys anew", arguments.nothing, _django("keys_reseal"))
    for nested in keys.choices.values():
        nested.set_defaults(depth=2)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str | None,
    add_arguments: arguments.AddArguments,
    run: Run,
) -> None:
    if summary is None:  # for the supervisor alone, so it stays out of the list of commands
        parser = commands.add_parser(name)
    else:
        parser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    add_arguments(parser)
    parser.set_defaults(run=run, depth=1, parser=parser)


def _engine(command: str) -> Run:
    """Return a function that runs one command of the engine; `lode compute` loads no database driver for it."""

    def run(_options: argparse.Namespace, _words: Sequence[str]) -> int:
        from lode.cli import engine_commands  # noqa: PLC0415 - as the docstring says

        done: int = getattr(engine_commands, command)()
        return done

    return run


def _add_manifests(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    manifest = commands.add_parser("manifest", help="lists of serials").add_subparsers(metavar="COMMAND", required=True)
    for name, summary in (
        ("make", "write the manifest of a list of serials"),
        ("check", "check a manifest, or the proof of a serial"),
        ("prove", "prove one serial without the others"),
    ):
        _add(manifest, name, summary, getattr(arguments, f"manifest_{name}"), _files("manifests", name))


def _files(module: str, command: str) -> Run:
    """Return a function that runs a command which works on files alone."""

    def run(options: argparse.Namespace, _words: Sequence[str]) -> int:
        done: int = getattr(importlib.import_module(f"lode.cli.{module}"), command)(options)
        return done

    return run


def _bulk(options: argparse.Namespace, _words: Sequence[str]) -> int:
    arguments.check_ledger_bulk(options.parser, options)
    from lode.cli import bulk  # noqa: PLC0415 - only this command needs it

    if options.url:
        return bulk.send(options)
    with database():
        return bulk.here(options)


def _django(command: str) -> Run:
    """Return a function that runs one Django command with the database there."""

    def run(_options: argparse.Namespace, words: Sequence[str]) -> int:
        with database():
            _call(command, *words)
        return 0

    return run


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Have the embedded database running, unless DATABASE_URL names another one, and Django set up."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode.config.settings")
    with contextlib.ExitStack() as stack:
        require_writable(var_folder())
        from lode.engine.lease import engine  # noqa: PLC0415 - `lode compute` does without a database driver
        from lode.engine.postgres import Cluster  # noqa: PLC0415 - as above

        if not database_is_given():
            cluster = stack.enter_context(engine(Cluster(var_folder() / "postgres")))
            cluster.ensure_database()
        import django  # noqa: PLC0415 - as above

        django.setup()
        yield


def _call(command: str, *words: str) -> None:
    from django.core.management import call_command  # noqa: PLC0415 - as above

    call_command(command, *words)


def _serve(_options: argparse.Namespace, _words: Sequence[str]) -> int:
    from lode.engine.supervisor import serve  # noqa: PLC0415 - only this command needs it

    return serve()


def _prepare(options: argparse.Namespace, words: Sequence[str]) -> int:
    from lode.cli.engine_commands import discard_half_made  # noqa: PLC0415 - as above

    discard_half_made()
    return _django("prepare")(options, words)


def _demo(options: argparse.Namespace, words: Sequence[str]) -> int:
    from lode.cli.engine_commands import discard_half_made, throw_away  # noqa: PLC0415 - as above

    if options.fresh:
        throw_away()
    discard_half_made()
    with database():
        _call("prepare_database", "--verbosity", "0")
        _call("demo", *words)
    return 0


def _signer(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from lode.cli import signing  # noqa: PLC0415 - only this command needs it

    done: int = getattr(signing, options.action)(options)
    return done


def _witness(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from ledger.witness.cli import run  # noqa: PLC0415 - as above

    return run(options)


def _append(options: argparse.Namespace, words: Sequence[str]) -> int:
    if (options.url is None) != (options.token_file is None):
        options.parser.error("--url and --token-file go together")
    return key_commands.append(options, words) if options.url else _django("ledger_append")(options, words)


def _settle(options: argparse.Namespace, words: Sequence[str]) -> int:
    arguments.check_settle(options.parser, options)
    return _django("settle")(options, words)


def _compute(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from lode.cli.compute import compute  # noqa: PLC0415 - only this command needs it

    return compute(options.file)


if __name__ == "__main__":
    sys.exit(main())
