"""``python -m mock_server`` is ``pass-mock``."""

from mock_server.cli import main

main(prog_name="pass-mock")
