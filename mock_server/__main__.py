"""The command pass-mock as a module: ``python -m mock_server``."""

from pass_harness.mock_server.cli.main import main

main(prog_name="pass-mock")
