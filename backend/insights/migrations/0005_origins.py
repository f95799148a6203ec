from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0004_check_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerOrigin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held', models.CharField(max_length=120)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('year', models.SmallIntegerField()),
                ('net_minor', models.BigIntegerField()),
                ('back_minor', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('held', 'country', 'year'), name='ledger_origin_once'), models.CheckConstraint(condition=models.Q(('back_minor__gte', 0)), name='ledger_origin_back')],
            },
        ),
    ]
