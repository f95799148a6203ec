"""The pages that a person meets at Stripe: saving a card, and the bank's 3-D Secure.

Plain HTML that says on every page that it is a sandbox. In Vietnamese or English by the session's
`locale`. Nothing typed here leaves this machine, and only Stripe's published test numbers are
taken.
"""

import re
from html import escape
from urllib.parse import urlencode

from backend.local.stripe_sandbox import charging, saving
from backend.local.stripe_sandbox.cards import CARDS
from backend.local.stripe_sandbox.errors import Refusal
from backend.local.stripe_sandbox.store import Object, Store

Page = tuple[int, str, dict[str, str]]
Form = dict[str, list[str]]

WORDS = {
    "en": {
        "banner": "Sandbox: test payments only. This page stands in for Stripe Checkout on this "
        "computer. Use a test card; a real number is refused.",
        "title": "Save a card",
        "lead": "Nothing is charged now.",
        "number": "Card number",
        "expiry": "Expiry (MM/YY)",
        "cvc": "Security code (CVC)",
        "name": "Name on card",
        "save": "Save card",
        "back": "Back without saving",
        "or": "Test cards",
        "more": "Other test cards, for what can go wrong",
        "unknown": "This is not a test card of Stripe. Real card numbers are refused here.",
        "expiry_bad": "Enter the expiry as MM/YY, in the future.",
        "cvc_bad": "Enter the 3 or 4 digits of the security code.",
        "gone": "This page has expired or was used.",
        "bank": "Your bank asks: is it you?",
        "bank_lead": "A stand-in for the bank's 3-D Secure page.",
        "yes": "Yes, complete",
        "no": "No, fail the check",
    },
    "vi": {
        "banner": "Môi trường thử: chỉ có thanh toán thử. Trang này thay cho Stripe Checkout trên "
        "máy này. Hãy dùng thẻ thử; số thẻ thật sẽ bị từ chối.",
        "title": "Lưu thẻ",
        "lead": "Lúc này không trừ khoản nào.",
        "number": "Số thẻ",
        "expiry": "Ngày hết hạn (MM/YY)",
        "cvc": "Mã bảo mật (CVC)",
        "name": "Tên trên thẻ",
        "save": "Lưu thẻ",
        "back": "Quay lại, không lưu",
        "or": "Thẻ thử",
        "more": "Thẻ thử khác, để thử lúc có trục trặc",
        "unknown": "Đây không phải thẻ thử của Stripe. Số thẻ thật không được nhận ở đây.",
        "expiry_bad": "Nhập ngày hết hạn theo dạng MM/YY, còn hiệu lực.",
        "cvc_bad": "Nhập 3 hoặc 4 chữ số của mã bảo mật.",
        "gone": "Trang này đã hết hạn hoặc đã được dùng.",
        "bank": "Ngân hàng hỏi: có phải bạn không?",
        "bank_lead": "Trang thay cho bước 3-D Secure của ngân hàng.",
        "yes": "Đúng, hoàn tất",
        "no": "Không, để bước này thất bại",
    },
}
# What a test card does, in Vietnamese; the English stands with the card.
ABOUT_VI = {
    "works": "dùng được",
    "works, of Australia": "dùng được, phát hành ở Úc",
    "works, of Japan": "dùng được, phát hành ở Nhật Bản",
    "works, of Germany": "dùng được, phát hành ở Đức",
    "asks for 3-D Secure when it is saved, not later": "hỏi 3-D Secure khi lưu, sau đó không hỏi",
    "asks for 3-D Secure at every payment": "hỏi 3-D Secure mỗi lần trả tiền",
    "can be saved, is declined when charged": "lưu được, bị từ chối khi trừ tiền",
    "is declined": "bị từ chối",
    "has insufficient funds": "không đủ tiền",
    "was reported lost": "đã báo mất",
    "was reported stolen": "đã báo bị lấy cắp",
    "has expired": "đã hết hạn",
    "wrong security code": "sai mã bảo mật",
    "an error at the bank": "ngân hàng gặp lỗi",
    "works, then the payment is disputed": "dùng được, sau đó bị tra soát",
    "works, then is disputed as not received": "dùng được, sau đó bị tra soát vì không nhận được",
    "works, then the bank asks a question": "dùng được, sau đó ngân hàng hỏi lại",
    "works; a refund waits before it succeeds": "dùng được; khoản hoàn tiền chờ một lúc mới xong",
    "works; a refund succeeds and fails later": "dùng được; khoản hoàn tiền xong rồi lại hỏng",
}
COMMON = 3  # cards that simply work stand first, the others fold
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1a1f36}
main{max-width:26rem;margin:0 auto;padding:1rem}
.banner{background:#7a4a00;color:#fff;padding:.75rem 1rem;font-size:.9rem}
form,section{background:#fff;border:1px solid #c9ced6;border-radius:8px;padding:1rem;margin:1rem 0}
label{display:block;font-weight:600;margin-top:.75rem}
input{width:100%;box-sizing:border-box;font:inherit;padding:.6rem;border:1px solid #6b7280;
border-radius:6px;min-height:44px}
button,a.button{display:block;width:100%;box-sizing:border-box;font:inherit;font-weight:600;
padding:.7rem;margin-top:1rem;border-radius:6px;border:1px solid #22315c;background:#22315c;
color:#fff;text-align:center;min-height:44px;cursor:pointer;text-decoration:none}
.second{background:#fff!important;color:#22315c!important}
.error{border-left:4px solid #b00020;padding-left:.75rem;color:#8a0019}
:focus-visible{outline:3px solid #f0a500;outline-offset:2px}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.15rem;margin:.2rem 0 .6rem}
dt{font-variant-numeric:tabular-nums;font-weight:600}dd{margin:0 0 .5rem;color:#4a5568}
summary{cursor:pointer;min-height:44px;display:flex;align-items:center;text-decoration:underline}
@media (prefers-color-scheme:dark){body{background:#14171f;color:#e8eaf0}
form,section{background:#1d2230;border-color:#465}input{background:#11141c;color:#e8eaf0}
.error{color:#ffb3bd}dd{color:#b6bfcc}.second{background:#1d2230!important;color:#cfd8ff!important}}
"""


def answer(store: Store, base: str, method: str, path: str, form: Form) -> Page:
    """Status, HTML and headers of a page or of what was sent from it."""
    parts = path.strip("/").split("/")
    if len(parts) != 2 or parts[0] not in {"checkout", "3ds"}:
        return 404, "<h1>404</h1>", {}
    with store.lock:
        try:
            if parts[0] == "checkout":
                return _checkout(store, base, method, parts[1], form)
            return _bank(store, method, parts[1], form)
        except Refusal as refusal:
            return refusal.http_status, _shell("en", WORDS["en"]["gone"], ""), {}


def _shell(lang: str, title: str, body: str) -> str:
    words = WORDS[lang]
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><p class=banner role=note>{words['banner']}</p>"
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _lang(session: Object | None) -> str:
    return "vi" if session and session.get("locale") == "vi" else "en"


def _checkout(store: Store, base: str, method: str, id_: str, form: Form) -> Page:
    session = saving.fresh_session(store, store.get("checkout.session", id_))
    lang = _lang(session)
    words = WORDS[lang]
    if session["status"] == "complete":
        return _go(saving.success_url(session))
    if session["status"] != "open":
        return 410, _shell(lang, words["gone"], ""), {}
    if method != "POST":
        return 200, _card_form(session, lang, {}, ""), {}
    typed = {name: form.get(name, [""])[0].strip() for name in ("number", "expiry", "cvc", "name")}
    number = re.sub(r"\D", "", typed["number"])
    expiry = re.fullmatch(r"(0?[1-9]|1[0-2]) ?/ ?(?:20)?(\d\d)", typed["expiry"])
    problem = (
        words["unknown"] if number not in CARDS
        else words["expiry_bad"] if expiry is None
        else "" if re.fullmatch(r"\d{3,4}", typed["cvc"]) else words["cvc_bad"]
    )  # fmt: skip
    if problem or expiry is None:
        return 400, _card_form(session, lang, typed, problem), {}
    intent = store.get("setup_intent", session["setup_intent"])
    try:
        saving.save_card(
            store, intent, number, base, saving.success_url(session), exp_month=expiry[1],
            exp_year=f"20{expiry[2]}", name=typed["name"],
        )  # fmt: skip
    except Refusal as refusal:
        return 402, _card_form(session, lang, typed, str(refusal.error["message"])), {}
    if intent["status"] == "requires_action":
        return _go(f"/3ds/{intent['id']}")
    return _go(saving.success_url(session))


def _card_form(session: Object, lang: str, typed: dict[str, str], problem: str) -> str:
    words = WORDS[lang]

    def line(name: str, autocomplete: str, mode: str = "numeric") -> str:
        kept = "" if name in {"number", "cvc"} else escape(typed.get(name, ""), quote=True)
        return (
            f"<label for={name}>{words[name]}</label><input id={name} name={name} value='{kept}' "
            f"inputmode={mode} autocomplete={autocomplete}>"
        )

    text = (session.get("custom_text") or {}).get("submit") or {}
    note = f"<p>{escape(text['message'])}</p>" if text.get("message") else ""
    # The site's own message says it too; two sentences alike read as a mistake.
    plain = f"<p>{words['lead']}</p>"
    error = f"<p class=error role=alert id=problem>{escape(problem)}</p>" if problem else ""
    back = session.get("cancel_url")
    link = (
        f'<a class="button second" href="{escape(back, quote=True)}">{words["back"]}</a>'
        if back
        else ""
    )
    rows = [
        f"<dt>{' '.join(re.findall('.{1,4}', c.number))}</dt>"
        f"<dd>{escape(ABOUT_VI[c.about] if lang == 'vi' else c.about)}</dd>"
        for c in CARDS.values()
    ]
    fields = (
        line("number", "cc-number") + line("expiry", "cc-exp") + line("cvc", "cc-csc")
        + line("name", "cc-name", "text")
    )  # fmt: skip
    form = (
        f"{note or plain}{error}<form method=post>{fields}"
        f"<button>{words['save']}</button>{link}</form>"
        f"<section><h2>{words['or']}</h2><dl>{''.join(rows[:COMMON])}</dl><details><summary>"
        f"{words['more']}</summary><dl>{''.join(rows[COMMON:])}</dl></details></section>"
    )
    return _shell(lang, words["title"], form)


def _bank(store: Store, method: str, id_: str, form: Form) -> Page:
    is_setup = id_.startswith("seti_")
    intent = store.get("setup_intent" if is_setup else "payment_intent", id_)
    session = saving.session_of(store, intent) if is_setup else None
    lang = _lang(session)
    words = WORDS[lang]
    if intent["status"] != "requires_action":
        return 410, _shell(lang, words["gone"], ""), {}
    back = intent["next_action"]["redirect_to_url"]["return_url"]
    if method != "POST":
        form_html = (
            f"<p>{words['bank_lead']}</p><form method=post>"
            f"<button name=answer value=yes>{words['yes']}</button>"
            f"<button class=second name=answer value=no>{words['no']}</button></form>"
        )
        return 200, _shell(lang, words["bank"], form_html), {}
    is_passed = form.get("answer") == ["yes"]
    if not is_setup:
        charging.authenticate(store, intent, is_passed=is_passed)
        return _go(_with(back, payment_intent=intent["id"], redirect_status=(
            "succeeded" if is_passed else "failed")))  # fmt: skip
    if is_passed:
        saving.finish_setup(store, intent)
        return _go(back)
    saving.fail_setup(store, intent)
    return _go(f"/checkout/{session['id']}" if session else back)


def _with(url: str, **fields: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"


def _go(url: str) -> Page:
    return 303, "", {"Location": url}
