"""Tags; every process learns of a changed one."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


RAISE = (
    "create trigger reference_tag_raises_registry after insert or update or delete or truncate on reference_tag"
    " for each statement execute function access_raise_registry();"
)
DROP_RAISE = "drop trigger reference_tag_raises_registry on reference_tag;"


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0004_registry_version'),
        ('reference', '0007_plain_numbers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, validators=[django.core.validators.RegexValidator('^[^,，;；、|\\n\\x00]+\\Z', 'No commas, semicolons or bars.')], verbose_name='name')),
                ('colour', models.CharField(choices=[('blue', 'Blue'), ('teal', 'Teal'), ('green', 'Green'), ('lime', 'Lime'), ('amber', 'Amber'), ('orange', 'Orange'), ('red', 'Red'), ('pink', 'Pink'), ('purple', 'Purple'), ('indigo', 'Indigo'), ('cyan', 'Cyan'), ('slate', 'Slate')], default='blue', max_length=20, verbose_name='colour')),
                ('active', models.BooleanField(default=True, help_text='Out of use it is not offered any more; records that have it keep it.', verbose_name='in use')),
                ('made_at', models.DateTimeField(auto_now_add=True, verbose_name='made')),
                ('made_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'verbose_name': 'tag',
                'verbose_name_plural': 'tags',
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='tag_is_unique', violation_error_message='There is a tag of that name already.')],
            },
        ),
        migrations.RunSQL(RAISE, DROP_RAISE),
    ]
