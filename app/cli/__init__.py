"""The operator's face: the command `legation`. It translates between a terminal and the deeds of app/sharing; it decides nothing about who may.

* `commands`   the table of commands; `options` and `terminal` what they share: how they are asked, how they answer, exit codes
* `session`    a deed beside the server: the store opened, the deed done, the store closed
* `alliance`   init, check, reload (`examination` beneath); `additions` add; `tokens` token
* `curation`   review, release, reject, rejected; `explanation` explain
* `control`    withdraw, hold, lift, holds; retention, purge; `erasing` erase, erasures
* `keeping`    backup, restore, store verify; `copying` store copy
* `audit`      audit who-saw, log; `checkpoints` audit key, checkpoint, verify; `checkpointing` what a server writes by itself
* `transfer`   import, export; `bundles` cuts files open, `importing` plans the envelopes
* `serving`    serve; `server` from start to end, `supervisor` over several `worker` processes, `duties` beside their requests, `addresses`, `protocol`
* `demo`       the demonstration: `stage`, `play`, `recipes`, and `samples` as its feed

The room knows terminals, files and processes. Reading and writing objects it leaves to the deeds, as every face does.
"""


def main() -> None:
    """Run the command that the command line names."""
    from app.cli.commands import legation

    legation(prog_name="legation")
