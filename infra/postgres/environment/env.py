"""alembic runs this file once per command. The connection is handed over by infra/postgres/migrate.py, already locked."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema=context.config.attributes["schema"],
    on_version_apply=context.config.attributes["on_version_apply"],
    # A folder's migration is whole or absent, and a failing one leaves those before it in place.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
