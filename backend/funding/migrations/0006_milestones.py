import backend.funding.models.milestones
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_sessions_and_mail'),
        ('funding', '0005_payment_rules'),
        ('projects', '0003_search'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.milestones._evidence_id, editable=False, max_length=40, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('note', models.TextField()),
                ('sent_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sha256', models.CharField(max_length=64)),
                ('milestone', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='projects.milestone')),
                ('sent_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='EvidenceFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('file', models.FileField(upload_to='evidence/%Y/%m/')),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('evidence', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='funding.evidence')),
            ],
        ),
        migrations.CreateModel(
            name='MilestoneVerification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.milestones._verification_id, editable=False, max_length=40, unique=True)),
                ('evidence_sha256', models.CharField(blank=True, max_length=64)),
                ('outcome', models.CharField(choices=[('accept', 'Accept'), ('return', 'Return'), ('fail', 'Fail')], max_length=10)),
                ('reason', models.TextField(blank=True)),
                ('found_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('refused_at', models.DateTimeField(null=True)),
                ('refused_reason', models.TextField(blank=True)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('evidence', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='verifications', to='funding.evidence')),
                ('milestone', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='verifications', to='projects.milestone')),
                ('officer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='OwnerAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.milestones._account_id, editable=False, max_length=40, unique=True)),
                ('sealed', models.TextField()),
                ('last4', models.CharField(max_length=4)),
                ('bank_name', models.CharField(max_length=120)),
                ('told_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bank_accounts', to='accounts.organisation')),
                ('told_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Payback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.milestones._payback_id, editable=False, max_length=40, unique=True)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('paid_on', models.DateField()),
                ('note', models.CharField(blank=True, max_length=300)),
                ('proof', models.FileField(blank=True, upload_to='paybacks/%Y/%m/')),
                ('proof_sha256', models.CharField(blank=True, max_length=64)),
                ('reported_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('verified_at', models.DateTimeField(null=True)),
                ('reported_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='paybacks', to='funding.round')),
                ('verified_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Tranche',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.milestones._tranche_id, editable=False, max_length=40, unique=True)),
                ('number', models.PositiveSmallIntegerField()),
                ('weight_minor', models.BigIntegerField()),
                ('due_on', models.DateField()),
                ('status', models.CharField(default='held', max_length=12)),
                ('ended_at', models.DateTimeField(null=True)),
                ('milestone', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='tranche', to='projects.milestone')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tranches', to='funding.round')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Disbursement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.milestones._disbursement_id, editable=False, max_length=40, unique=True)),
                ('status', models.CharField(default='proposed', max_length=12)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('body_sha256', models.CharField(max_length=64)),
                ('approved_at', models.DateTimeField(null=True)),
                ('instructed_at', models.DateTimeField(null=True)),
                ('bank_reference', models.CharField(max_length=40, null=True, unique=True)),
                ('paid_vnd', models.BigIntegerField(null=True)),
                ('paid_on', models.DateField(null=True)),
                ('proof', models.FileField(blank=True, upload_to='disbursements/%Y/%m/')),
                ('proof_sha256', models.CharField(blank=True, max_length=64)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.TextField(blank=True)),
                ('checker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('instructed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('maker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recorded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='funding.owneraccount')),
                ('tranche', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disbursements', to='funding.tranche')),
            ],
        ),
        migrations.CreateModel(
            name='TrancheShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('returned_minor', models.BigIntegerField(default=0)),
                ('pledge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='funding.pledge')),
                ('tranche', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='funding.tranche')),
            ],
        ),
        migrations.CreateModel(
            name='BankReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=backend.funding.models.milestones._receipt_id, editable=False, max_length=40, unique=True)),
                ('status', models.CharField(default='recorded', max_length=12)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('bank_reference', models.CharField(max_length=40, unique=True)),
                ('received_on', models.DateField()),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('checker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('maker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pledge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bank_receipts', to='funding.pledge')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ('recorded', 'confirmed', 'refused'))), name='bank_receipt_status'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='bank_receipt_positive'), models.CheckConstraint(condition=models.Q(('checker__isnull', True), models.Q(('checker', models.F('maker')), _negated=True), _connector='OR'), name='bank_receipt_by_two'), models.UniqueConstraint(condition=models.Q(('status__in', ['recorded', 'confirmed'])), fields=('pledge',), name='bank_receipt_one_per_pledge')],
            },
        ),
        migrations.CreateModel(
            name='DisbursementLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('fee_minor', models.BigIntegerField()),
                ('disbursement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='funding.disbursement')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('disbursement', 'currency'), name='line_per_currency'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('fee_minor__gte', 0), ('fee_minor__lt', models.F('amount_minor'))), name='line_amounts')],
            },
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.UniqueConstraint(fields=('milestone', 'number'), name='evidence_number_once'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='evidence_hashed'),
        ),
        migrations.AddConstraint(
            model_name='evidencefile',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='evidence_file_hashed'),
        ),
        migrations.AddConstraint(
            model_name='milestoneverification',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['accept', 'return', 'fail'])), name='verification_outcome'),
        ),
        migrations.AddConstraint(
            model_name='milestoneverification',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_by__isnull', True), models.Q(('confirmed_by', models.F('officer')), _negated=True), _connector='OR'), name='verification_by_two'),
        ),
        migrations.AddConstraint(
            model_name='milestoneverification',
            constraint=models.CheckConstraint(condition=models.Q(('outcome', 'accept'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='verification_reason'),
        ),
        migrations.AddConstraint(
            model_name='milestoneverification',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed_at__isnull', True), ('outcome__in', ['accept', 'fail']), ('refused_at__isnull', True)), fields=('milestone',), name='verification_one_waiting'),
        ),
        migrations.AddConstraint(
            model_name='owneraccount',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_by__isnull', True), models.Q(('confirmed_by', models.F('told_by')), _negated=True), _connector='OR'), name='account_by_two'),
        ),
        migrations.AddConstraint(
            model_name='owneraccount',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed_at__isnull', False), ('ended_at__isnull', True)), fields=('organisation',), name='account_one_in_use'),
        ),
        migrations.AddConstraint(
            model_name='payback',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='payback_positive'),
        ),
        migrations.AddConstraint(
            model_name='payback',
            constraint=models.CheckConstraint(condition=models.Q(('verified_by__isnull', True), models.Q(('verified_by', models.F('reported_by')), _negated=True), _connector='OR'), name='payback_by_two'),
        ),
        migrations.AddConstraint(
            model_name='tranche',
            constraint=models.UniqueConstraint(fields=('round', 'number'), name='tranche_number_once'),
        ),
        migrations.AddConstraint(
            model_name='tranche',
            constraint=models.CheckConstraint(condition=models.Q(('weight_minor__gte', 0)), name='tranche_weight'),
        ),
        migrations.AddConstraint(
            model_name='tranche',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('held', 'released', 'returned'))), name='tranche_status'),
        ),
        migrations.AddConstraint(
            model_name='disbursement',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('proposed', 'approved', 'instructed', 'confirmed', 'returned', 'refused'))), name='disbursement_status'),
        ),
        migrations.AddConstraint(
            model_name='disbursement',
            constraint=models.CheckConstraint(condition=models.Q(('checker__isnull', True), models.Q(('checker', models.F('maker')), _negated=True), _connector='OR'), name='disbursement_by_two'),
        ),
        migrations.AddConstraint(
            model_name='disbursement',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['proposed', 'refused']), ('checker__isnull', False), _connector='OR'), name='disbursement_approved_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='disbursement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'confirmed'), _negated=True), models.Q(('bank_reference__isnull', False), ('paid_on__isnull', False), ('paid_vnd__gt', 0), ('proof_sha256__regex', '^[0-9a-f]{64}$')), _connector='OR'), name='disbursement_proved'),
        ),
        migrations.AddConstraint(
            model_name='disbursement',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['proposed', 'approved', 'instructed', 'confirmed'])), fields=('tranche',), name='disbursement_one_per_part'),
        ),
        migrations.AddConstraint(
            model_name='trancheshare',
            constraint=models.UniqueConstraint(fields=('tranche', 'pledge'), name='share_once'),
        ),
        migrations.AddConstraint(
            model_name='trancheshare',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0), ('returned_minor__gte', 0), ('returned_minor__lte', models.F('amount_minor'))), name='share_amounts'),
        ),
    ]
