"""Rounds, pledges, milestones and payments. Part of the `home` namespace."""

from django.urls import path

from backend.home import (
    demo_clock,
    finance_pages,
    milestone_pages,
    my_pledges,
    payment_pages,
    pledge_pages,
    professional_pages,
    rate_pages,
    receipt_pages,
    return_pages,
)

MINE = "me/pledges/<str:plg>/"
PAYMENT = "money/payments/<str:dsb>/"

urlpatterns = [
    path("projects/<str:key>/pledge/", pledge_pages.start, name="pledge_start"),
    path("projects/<str:key>/terms/", pledge_pages.terms, name="pledge_terms"),
    path("projects/<str:key>/round/", milestone_pages.open_round, name="open_round"),
    path("me/pledges/", my_pledges.pledges_page, name="pledges"),
    path("me/statement/", receipt_pages.statement_page, name="statement"),
    path(MINE, my_pledges.pledge, name="pledge"),
    path(f"{MINE}amount/", pledge_pages.amount, name="pledge_amount"),
    path(f"{MINE}country/", pledge_pages.country, name="pledge_country"),
    path(f"{MINE}questions/", pledge_pages.knowledge, name="pledge_knowledge"),
    path(f"{MINE}means/", pledge_pages.figures, name="pledge_figures"),
    path(f"{MINE}loss/", pledge_pages.loss, name="pledge_loss"),
    path(f"{MINE}warning/", pledge_pages.warning, name="pledge_warning"),
    path(f"{MINE}check/", pledge_pages.check, name="pledge_check"),
    path(f"{MINE}card/", my_pledges.card, name="pledge_card"),
    path(f"{MINE}withdraw/", my_pledges.withdraw, name="pledge_withdraw"),
    path(f"{MINE}receipt/", receipt_pages.receipt, name="receipt_page"),
    path(f"{MINE}receipt.pdf", receipt_pages.receipt_file, name="receipt_file"),
    path(f"{MINE}pay/", payment_pages.pay, name="pledge_pay"),
    path(f"{MINE}paid/", payment_pages.paid, name="pledge_paid"),
    path("me/pay/<str:token>/", payment_pages.pay_link, name="pay_link"),
    path("me/returns/<str:rtn>/", return_pages.my_return, name="my_return"),
    path("me/professional/", professional_pages.my_status, name="professional"),
    # Owners
    path("me/rounds/", milestone_pages.owner_rounds, name="owner_rounds"),
    path("me/rounds/<str:rnd>/", milestone_pages.owner_round, name="owner_round"),
    path("me/milestones/<str:trn>/", milestone_pages.owner_milestone, name="owner_milestone"),
    path("me/bank/<str:org>/", milestone_pages.owner_account, name="owner_account"),
    path("evidence/<str:file_id>/", milestone_pages.evidence_file, name="evidence_file"),
    # Case officers
    path("milestones/", milestone_pages.queue, name="milestone_queue"),
    path("milestones/<str:trn>/", milestone_pages.case, name="milestone_case"),
    path("milestones/<str:trn>/confirm/", milestone_pages.confirm_finding, name="finding_confirm"),
    path("milestones/<str:trn>/refuse/", milestone_pages.refuse_finding, name="finding_refuse"),
    path("paybacks/<str:pbk>/verify/", milestone_pages.verify_payback, name="payback_verify"),
    # Finance officers
    path("money/", finance_pages.desk, name="finance"),
    path("money/breaks/", payment_pages.breaks_page, name="breaks"),
    path("money/breaks.csv", payment_pages.breaks_csv, name="breaks_csv"),
    path("money/breaks/<str:brk>/take/", payment_pages.break_take, name="break_take"),
    path("money/breaks/<str:brk>/explain/", payment_pages.break_explain, name="break_explain"),
    path("money/rates/", rate_pages.rates_page, name="rates"),
    path("money/rates/<str:rfl>/", rate_pages.rate_file, name="rate_file"),
    path("money/rates/<str:rfl>/refuse/", rate_pages.rate_file_refuse, name="rate_file_refuse"),
    path("money/switch/", finance_pages.switch, name="switch"),
    path("money/parts/<str:trn>/prepare/", finance_pages.propose, name="payment_propose"),
    path(PAYMENT, finance_pages.payment, name="payment"),
    path(f"{PAYMENT}approve/", finance_pages.approve, name="payment_approve"),
    path(f"{PAYMENT}refuse/", finance_pages.refuse, name="payment_refuse"),
    path(f"{PAYMENT}instruct/", finance_pages.instruct, name="payment_instruct"),
    path(f"{PAYMENT}confirm/", finance_pages.confirm, name="payment_confirm"),
    path(f"{PAYMENT}returned/", finance_pages.bank_returned, name="payment_returned"),
    path("money/accounts/<str:acc>/", finance_pages.account, name="account"),
    path("money/transfers/<str:plg>/", finance_pages.transfer, name="transfer"),
    path("money/receipts/<str:rcp>/<str:verb>/", finance_pages.receipt, name="receipt"),
    path("money/returns/<str:rtn>/", return_pages.bank_return, name="bank_return"),
    path("money/returns/<str:rtn>/<str:verb>/", return_pages.end_return, name="end_return"),
    path("money/claims/<str:pro>/", professional_pages.claim, name="claim"),
    path("money/claims/<str:pro>/proof/", professional_pages.claim_proof, name="claim_proof"),
    # Development and test only
    path("demo-date/", demo_clock.demo_date, name="demo_date"),
]
