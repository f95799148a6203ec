import backend.funding.models.rounds
import django.contrib.postgres.fields
import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('funding', '0001_tables'),
        ('projects', '0003_search'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Round',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.rounds._round_id, editable=False, max_length=40, unique=True)),
                ('status', models.CharField(default='draft', max_length=20)),
                ('route', models.CharField(choices=[('card', 'Card'), ('bank', 'Bank')], max_length=10)),
                ('instrument', models.CharField(max_length=20)),
                ('terms', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ('currency', models.CharField(max_length=3)),
                ('target_minor', models.BigIntegerField()),
                ('hard_cap_minor', models.BigIntegerField()),
                ('min_pledge_minor', models.BigIntegerField(null=True)),
                ('enough_bps', models.PositiveIntegerField(default=9500)),
                ('grace_days', models.PositiveSmallIntegerField(default=7)),
                ('cooling_off_days', models.PositiveSmallIntegerField()),
                ('platform_fee_bps', models.PositiveIntegerField()),
                ('people_limit', models.PositiveIntegerField(null=True)),
                ('opens_at', models.DateTimeField()),
                ('closes_at', models.DateTimeField()),
                ('reserved_minor', models.BigIntegerField(default=0)),
                ('reserved_people', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('closed_at', models.DateTimeField(null=True)),
                ('grace_until', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('collected_minor', models.BigIntegerField(null=True)),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='projects.project')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.projectversion')),
            ],
        ),
        migrations.CreateModel(
            name='Pledge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.rounds._pledge_id, editable=False, max_length=40, unique=True)),
                ('client_token', models.CharField(max_length=64)),
                ('status', models.CharField(default='draft', max_length=20)),
                ('route', models.CharField(choices=[('card', 'Card'), ('bank', 'Bank')], max_length=10)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('target_minor', models.BigIntegerField()),
                ('rate', models.DecimalField(decimal_places=10, max_digits=20, null=True)),
                ('rate_source', models.CharField(blank=True, max_length=120)),
                ('rate_as_of', models.DateTimeField(null=True)),
                ('rate_is_sample', models.BooleanField(default=False)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('is_professional', models.BooleanField(default=False)),
                ('rule_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('mandate_sha256', models.CharField(blank=True, max_length=64)),
                ('mandate_language', models.CharField(blank=True, max_length=2)),
                ('place_until', models.DateTimeField(null=True)),
                ('cooling_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('made_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.CharField(blank=True, max_length=40)),
                ('investor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pledges', to=settings.AUTH_USER_MODEL)),
                ('rates', models.ManyToManyField(related_name='+', to='funding.fxrate')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pledges', to='funding.round')),
            ],
        ),
        migrations.CreateModel(
            name='RoundClose',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pledged_minor', models.BigIntegerField()),
                ('pledge_count', models.PositiveIntegerField()),
                ('pledges', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ('sha256', models.CharField(max_length=64)),
                ('closed_at', models.DateTimeField()),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='close', to='funding.round')),
            ],
        ),
        migrations.CreateModel(
            name='InvestorFigures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('income_minor', models.BigIntegerField()),
                ('liquid_minor', models.BigIntegerField()),
                ('commitments_minor', models.BigIntegerField()),
                ('told_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='investor_figures', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-told_at'], name='figures_latest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('commitments_minor__gte', 0), ('income_minor__gte', 0), ('liquid_minor__gte', 0)), name='figures_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='KnowledgeCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.CharField(max_length=20)),
                ('answers', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ('wrong', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('taken_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='knowledge_checks', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-taken_at'], name='knowledge_latest')],
            },
        ),
        migrations.CreateModel(
            name='Acknowledgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('risk', 'Risk'), ('loss_simulation', 'Loss Simulation'), ('extra_warning', 'Extra Warning')], max_length=20)),
                ('rule_id', models.CharField(blank=True, max_length=60)),
                ('text_sha256', models.CharField(max_length=64)),
                ('language', models.CharField(max_length=2)),
                ('amount_minor', models.BigIntegerField()),
                ('given_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('pledge', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='acknowledgements', to='funding.pledge')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('pledge', 'kind', 'amount_minor'), name='acknowledged_once'), models.CheckConstraint(condition=models.Q(('text_sha256__regex', '^[0-9a-f]{64}$')), name='acknowledged_text')],
            },
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('status', 'open')), fields=['closes_at'], name='round_to_close'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(fields=['project', '-id'], name='round_of_project'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('draft', 'open', 'closing', 'charging', 'settling', 'funded', 'failed', 'shortfall_failed', 'cancelled'))), name='round_status'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('currency__in', ['VND', 'USD'])), name='round_currency'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('route__in', ['card', 'bank'])), name='round_route'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('hard_cap_minor__gte', models.F('target_minor')), ('target_minor__gt', 0)), name='round_target_within_cap'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('reserved_minor__gte', 0), ('reserved_minor__lte', models.F('hard_cap_minor'))), name='round_reserved_within_cap'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('people_limit__isnull', True), models.Q(('people_limit__lt', 100), ('reserved_people__lte', models.F('people_limit'))), _connector='OR'), name='round_people_within_limit'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('closes_at__gt', models.F('opens_at'))), name='round_closes_after_opening'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('enough_bps__range', (1, 10000)), ('platform_fee_bps__lte', 10000)), name='round_shares'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['charging', 'closing', 'draft', 'funded', 'open', 'settling'])), fields=('project',), name='round_one_under_way'),
        ),
        migrations.AddIndex(
            model_name='pledge',
            index=models.Index(fields=['round', 'status'], name='pledge_of_round'),
        ),
        migrations.AddIndex(
            model_name='pledge',
            index=models.Index(fields=['investor', '-id'], name='pledge_of_investor'),
        ),
        migrations.AddIndex(
            model_name='pledge',
            index=models.Index(condition=models.Q(('status', 'card_pending')), fields=['place_until'], name='pledge_waiting'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('draft', 'card_pending', 'active', 'due', 'action_required', 'retry_wait', 'collected', 'refunding', 'part_refunded', 'withdrawn', 'lapsed', 'dropped', 'refunded'))), name='pledge_status'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_minor__gte', 50), ('currency', 'USD'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 50), ('currency', 'EUR'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 30), ('currency', 'GBP'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 50), ('currency', 'AUD'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 50), ('currency', 'CAD'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 50), ('currency', 'JPY'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 1000), ('currency', 'KRW'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 2000), ('currency', 'TWD'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999900), _connector='OR')), models.Q(('amount_minor__gte', 50), ('currency', 'SGD'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 50), ('currency', 'CHF'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 1500), ('currency', 'CZK'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), models.Q(('amount_minor__gte', 15000), ('currency', 'VND'), models.Q(('route', 'bank'), ('amount_minor__lte', 99999999), _connector='OR')), _connector='OR'), name='pledge_amount_within_limits'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(('target_minor__gt', 0)), name='pledge_counts'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(('rate__isnull', True), models.Q(('rate__gt', 0), ('rate_as_of__isnull', False), models.Q(('rate_source', ''), _negated=True)), _connector='OR'), name='pledge_rate_has_source'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'lapsed']), models.Q(('confirmed_at__isnull', False), ('cooling_until__isnull', False), ('mandate_sha256__regex', '^[0-9a-f]{64}$'), models.Q(('country', ''), _negated=True)), _connector='OR'), name='pledge_confirmed_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.UniqueConstraint(fields=('round', 'investor', 'client_token'), name='pledge_once_per_form'),
        ),
    ]
