"""What has been shredded is found in mailboxes without reading all of them."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """An index by statement."""
    op.create_index("mail_statement", "mail", ["statement"])


def downgrade() -> None:
    """Without it everything works as before, if slower."""
    op.drop_index("mail_statement", "mail")
