"""`legation serve`, as far as the command line goes: what it takes to serve is loaded only then."""

from app.bootstrap import Settings
from app.cli.options import from_settings


@from_settings
def serve(settings: Settings) -> None:
    """Run the server until it is told to stop (SIGTERM, Ctrl-C); requests under way are finished.

    With --alliance, the files are put in force in a store that has no alliance yet; later changes come by `legation reload`. Without, what is in
    force is served.
    """
    from app.cli.server import run_server

    run_server(settings)
