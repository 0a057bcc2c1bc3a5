from django.db import migrations, models


def share(apps, schema_editor):
    apps.get_model("entities", "SavedView").objects.filter(shared=True).update(audience="all")


class Migration(migrations.Migration):
    dependencies = [("entities", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="savedview",
            name="audience",
            field=models.CharField(
                choices=[
                    ("mine", "Only me"),
                    ("team", "My team"),
                    ("department", "My department and those below it"),
                    ("all", "Everybody"),
                ],
                default="mine",
                max_length=10,
                verbose_name="shared with",
            ),
        ),
        migrations.RunPython(share, migrations.RunPython.noop),
        migrations.RemoveField(model_name="savedview", name="shared"),
        migrations.AlterField(
            model_name="savedview",
            name="pinned",
            field=models.BooleanField(
                default=True,
                help_text="A tab of its own; else it stands in the menu behind the tabs.",
                verbose_name="pinned",
            ),
        ),
    ]
