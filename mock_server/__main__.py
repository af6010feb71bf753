"""``python -m mock_server`` is ``pass-mock``."""

from pass_harness.mock_server.cli.main import main

main(prog_name="pass-mock")
