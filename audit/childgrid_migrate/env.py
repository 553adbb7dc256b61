"""What Alembic runs to migrate: on the connection that it is given, in its transaction.

Only `chain` makes Alembic come here.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
