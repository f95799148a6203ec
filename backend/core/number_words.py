"""Sums in words, so that neither a dot nor a comma can be misread (language rules 4.3). Pure.

Vietnamese as on receipts there: mốt, tư, lăm after tens; "không trăm" and "linh" inside a number;
British English. Parts of a unit follow as `50/100`.
"""

from backend.core.money import MINOR_DIGITS, SHOWN_DIGITS, Money

VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
VI_AFTER_TENS = (*VI[:1], "mốt", "hai", "ba", "tư", "lăm", *VI[6:])
VI_STEPS = ("", "nghìn", "triệu")
EN = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
EN_STEPS = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")
UNITS = {
    "USD": ("đô la Mỹ", "US dollars"),
    "EUR": ("euro", "euros"),
    "GBP": ("bảng Anh", "pounds sterling"),
    "AUD": ("đô la Úc", "Australian dollars"),
    "CAD": ("đô la Canada", "Canadian dollars"),
    "JPY": ("yên Nhật", "Japanese yen"),
    "KRW": ("won Hàn Quốc", "South Korean won"),
    "TWD": ("đô la Đài Loan", "New Taiwan dollars"),
    "SGD": ("đô la Singapore", "Singapore dollars"),
    "CHF": ("franc Thụy Sĩ", "Swiss francs"),
    "CZK": ("koruna Séc", "Czech crowns"),
    "VND": ("đồng", "đồng"),
}


def money_in_words(money: Money, language: str) -> str:
    """`một nghìn năm trăm đô la Mỹ`, `one thousand five hundred US dollars and 50/100`."""
    scale = 10 ** MINOR_DIGITS[money.currency]
    whole, part = divmod(abs(money.minor), scale)
    vi, en = UNITS[money.currency]
    is_vi = language == "vi"
    text = f"{_vietnamese(whole)} {vi}" if is_vi else f"{_english(whole)} {en}"
    if part and SHOWN_DIGITS[money.currency]:
        text += f" {'và' if is_vi else 'and'} {part:0{MINOR_DIGITS[money.currency]}d}/{scale}"
    if money.minor < 0:
        text = f"{'âm' if is_vi else 'minus'} {text}"
    return text


def _vietnamese(number: int) -> str:
    if number < 1000:
        return _vietnamese_group(number, is_first=True)
    if number >= 10**9:
        # Above a thousand million the count starts anew: nghìn tỷ, triệu tỷ.
        head, tail = divmod(number, 10**9)
        words = f"{_vietnamese(head)} tỷ"
        return f"{words} {_vietnamese_rest(tail)}" if tail else words
    return _vietnamese_rest(number, is_first=True)


def _vietnamese_rest(number: int, *, is_first: bool = False) -> str:
    """Below a thousand million, in groups of three; zero groups are not said."""
    words: list[str] = []
    for step in (2, 1, 0):
        group = number // 1000**step % 1000
        if group:
            words.append(_vietnamese_group(group, is_first=is_first and not words))
            words.append(VI_STEPS[step])
    return " ".join(word for word in words if word)


def _vietnamese_group(group: int, *, is_first: bool) -> str:
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words: list[str] = []
    if hundreds or not is_first:
        words.append(f"{VI[hundreds]} trăm")
    if tens == 0 and ones and words:
        words.append("linh")
    elif tens == 1:
        words.append("mười")
    elif tens:
        words.append(f"{VI[tens]} mươi")
    if ones or not words:
        if tens > 1:
            words.append(VI_AFTER_TENS[ones])
        else:
            words.append("lăm" if tens == 1 and ones == 5 else VI[ones])
    return " ".join(words)


def _english(number: int) -> str:
    if number < 1000:
        return _english_group(number)
    words: list[str] = []
    for step in range(len(EN_STEPS) - 1, -1, -1):
        group = number // 1000**step % 1000
        if group:
            small = step == 0 and group < 100
            words.append(f"{'and ' if small else ''}{_english_group(group)} {EN_STEPS[step]}")
    return " ".join(word.strip() for word in words)


def _english_group(group: int) -> str:
    hundreds, rest = divmod(group, 100)
    if rest < 20:
        words = EN[rest]
    else:
        words = EN_TENS[rest // 10] + (f"-{EN[rest % 10]}" if rest % 10 else "")
    if not hundreds:
        return words
    return f"{EN[hundreds]} hundred" + (f" and {words}" if rest else "")
