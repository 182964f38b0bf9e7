"""The one command, `leadflow`: processes, servers, operators' and analysts' tools. One file a group."""

import typer

from infra.cli import database, documents, operating, processes, replay, securing, servers, topics, users

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Leadflow: event-driven lead management.")
processes.add(app)
servers.add(app)
securing.add(app)
database.add(app)
app.add_typer(topics.app, name="topics")
app.add_typer(documents.app, name="documents")
app.add_typer(users.app, name="users")
app.add_typer(operating.partitions, name="partitions")
app.add_typer(operating.dlq, name="dlq")
app.add_typer(operating.lead, name="lead")
app.add_typer(securing.keys, name="keys")
app.add_typer(replay.app, name="replay")
app.command(name="rebuild")(replay.rebuild)
