import backend.funding.models.rates
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('funding', '0010_return_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RateProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.rates._file_id, editable=False, max_length=40, unique=True)),
                ('text', models.TextField()),
                ('sha256', models.CharField(max_length=64)),
                ('proposed_at', models.DateTimeField()),
                ('outcome', models.CharField(blank=True, choices=[('stored', 'Stored'), ('refused', 'Refused')], max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('decided_by__isnull', True), ('outcome', '')), models.Q(('decided_by__isnull', False), ('outcome__in', ['stored', 'refused'])), _connector='OR'), name='rate_file_decided_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'stored'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='rate_file_by_two'), models.UniqueConstraint(condition=models.Q(('outcome', '')), fields=('sha256',), name='rate_file_waits_once')],
            },
        ),
        # Nobody gives money back by hand any more: what goes back follows from a decision of two.
        migrations.RemoveField(model_name='refund', name='requested_by'),
    ]
