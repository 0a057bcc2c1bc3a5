from django.core.management.commands import migrate

from crm.embedded.growing import GrowingExecutor

# The command takes its executor from its module.
migrate.MigrationExecutor = GrowingExecutor
Command = migrate.Command
