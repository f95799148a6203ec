"""Colleagues are asked into an organisation by e-mail."""

import backend.accounts.models
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_offices'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrganisationInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.accounts.models._invitation_id, editable=False, max_length=40, unique=True)),
                ('email', models.EmailField(max_length=254, null=True)),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('invited_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='accounts.organisation')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('email__isnull', True), _connector='OR'), name='ended_invitation_is_erased'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('organisation', 'email'), name='invited_once')],
            },
        ),
    ]
