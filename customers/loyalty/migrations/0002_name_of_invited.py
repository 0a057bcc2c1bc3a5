from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_loyalty")]
    operations = [
        migrations.RemoveConstraint("referral", "referral_names_somebody"),
        migrations.RenameField("referral", "invitee_name", "name"),
        migrations.AlterField(
            "referral", "name", models.CharField(blank=True, max_length=200, verbose_name="name of who was invited")
        ),
        migrations.AddConstraint(
            "referral",
            models.CheckConstraint(
                condition=models.Q(("invitee__isnull", False), models.Q(("name", ""), _negated=True), _connector="OR"),
                name="referral_names_somebody",
                violation_error_message="Say who was invited.",
            ),
        ),
    ]
