"""Many plausible listed projects for the benches: bulk rows, never shown to anybody.

Texts are put together from parts in both languages, so that words have the spread of real ones: a
few stand in most rows, many in a few. The same seed gives the same rows.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

from backend.projects import search_codes as codes
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.search_index import COLUMNS as SEARCH_COLUMNS
from backend.projects.search_index import row_of

OBJECTS: Final = (
    ("dây chuyền đóng gói", "packing lines"), ("cảm biến độ mặn", "salinity sensors"),
    ("kho lạnh", "cold stores"), ("xe tải điện", "electric lorries"),
    ("trạm đổi pin", "battery swap stations"), ("máy ép phun", "injection moulding machines"),
    ("lò sấy gỗ", "wood kilns"), ("nước thải dệt nhuộm", "textile dyeing wastewater"),
    ("tấm pin mặt trời", "solar panels"), ("đèn đường", "street lights"),
    ("bãi đỗ xe", "car parks"), ("vi mạch bán dẫn", "semiconductor chips"),
    ("cánh tay robot", "robot arms"), ("bản sao số", "digital twins"),
    ("bệnh viện quận", "district hospitals"), ("chuỗi cà phê", "coffee chains"),
    ("sầu riêng", "durian"), ("tôm thẻ", "whiteleg shrimp"), ("gạo hữu cơ", "organic rice"),
    ("nhựa tái chế", "recycled plastic"), ("thép xây dựng", "construction steel"),
    ("xi măng xanh", "green cement"), ("may mặc", "garments"), ("giày da", "leather shoes"),
    ("cảng container", "container ports"), ("đường sắt đô thị", "urban railways"),
    ("xe buýt", "buses"), ("thuốc thú y", "veterinary medicine"),
    ("vật liệu composite", "composite materials"), ("khuôn mẫu chính xác", "precision moulds"),
    ("ngập triều cường", "tidal flooding"), ("rác thải sinh hoạt", "household waste"),
    ("nhà máy hóa chất", "chemical plants"), ("phòng thí nghiệm", "laboratories"),
    ("trường dạy nghề", "vocational schools"), ("hồ sơ đất đai", "land records"),
    ("dịch vụ công", "public services"), ("chợ đầu mối", "wholesale markets"),
    ("linh kiện ô tô", "car parts"), ("máy bay không người lái", "drones"),
    ("nước mắm", "fish sauce"), ("hồ tiêu", "pepper"), ("cao su thiên nhiên", "natural rubber"),
    ("tre ép khối", "laminated bamboo"), ("gốm sứ", "ceramics"), ("sơn mài", "lacquerware"),
    ("mây tre lá", "rattan goods"), ("đồ gỗ nội thất", "wooden furniture"),
    ("bao bì giấy", "paper packaging"), ("chai thủy tinh", "glass bottles"),
    ("dầu ăn đã qua sử dụng", "used cooking oil"), ("bùn thải", "sludge"),
    ("khí sinh học", "biogas"), ("trấu", "rice husks"), ("bã mía", "bagasse"),
    ("thức ăn chăn nuôi", "animal feed"), ("cá tra", "pangasius"), ("cua biển", "mud crabs"),
    ("rong biển", "seaweed"), ("nấm dược liệu", "medicinal mushrooms"),
    ("hoa lan", "orchids"), ("rau thủy canh", "hydroponic greens"),
    ("vắc xin", "vaccines"), ("xét nghiệm nhanh", "rapid tests"), ("chân tay giả", "prostheses"),
    ("xe lăn điện", "powered wheelchairs"), ("máy thở", "ventilators"),
    ("hồ sơ bệnh án", "medical records"), ("kính hiển vi", "microscopes"),
    ("bộ đổi nguồn", "inverters"), ("pin lithium", "lithium batteries"),
    ("biến áp", "transformers"), ("công tơ điện", "electricity meters"),
    ("nồi hơi", "boilers"), ("máy nén khí", "air compressors"), ("máy bơm", "pumps"),
    ("van công nghiệp", "industrial valves"), ("ổ bi", "bearings"), ("bu lông", "fasteners"),
    ("bảng mạch", "circuit boards"), ("cáp quang", "optical cables"),
    ("ăng ten", "antennas"), ("đồng hồ nước", "water meters"), ("cống ngầm", "culverts"),
    ("kè sông", "river embankments"), ("cầu vượt", "flyovers"), ("bến thủy", "river piers"),
    ("sà lan", "barges"), ("kho bãi tự động", "automated warehouses"),
    ("xe nâng", "forklifts"), ("bưu kiện", "parcels"), ("hải quan điện tử", "electronic customs"),
    ("thư viện số", "digital libraries"), ("bản đồ ngập", "flood maps"),
    ("cây xanh đường phố", "street trees"), ("tiếng ồn", "noise levels"),
    ("chất lượng không khí", "air quality"), ("nhà ở xã hội", "social housing"),
    ("chữa cháy", "fire fighting"), ("camera giao thông", "traffic cameras"),
)  # fmt: skip
# A few things are asked for often, most rarely.
OFTEN: Final = [1 / (rank + 5) for rank in range(len(OBJECTS))]
GOALS: Final = (
    ("Sản xuất thông minh cho", "Smart manufacturing for"),
    ("Giảm điện năng của", "Less power for"),
    ("Theo dõi từ xa", "Remote monitoring of"), ("Truy xuất nguồn gốc", "Traceability of"),
    ("Kiểm tra lỗi bằng hình ảnh cho", "Visual inspection of"), ("Chia sẻ", "Sharing"),
    ("Bảo trì dự báo cho", "Predictive maintenance of"), ("Tái chế từ", "Recycling of"),
    ("Đào tạo nghề về", "Training in"), ("Thử nghiệm cơ chế mới cho", "A pilot mechanism for"),
    ("Trung tâm dữ liệu của", "A data centre for"), ("Vận chuyển ít phát thải cho",
    "Low-carbon transport of"), ("Đo khí thải của", "Measuring emissions of"),
    ("Tự động hóa", "Automating"), ("Dự báo nhu cầu của", "Demand forecasts for"),
)  # fmt: skip
PEOPLE: Final = (
    ("hộ gia đình", "households"), ("xưởng nhỏ", "small workshops"), ("tài xế", "drivers"),
    ("công nhân", "factory workers"), ("sinh viên", "students"), ("bác sĩ", "doctors"),
    ("hợp tác xã", "cooperatives"), ("nhà xuất khẩu", "exporters"), ("phường", "wards"),
    ("nông dân", "farmers"), ("kỹ sư", "engineers"), ("người cao tuổi", "older people"),
)  # fmt: skip
RESULTS: Final = (
    ("tiết kiệm {n}% chi phí", "saves {n}% of the cost"),
    ("giảm {n}% phế phẩm", "cuts rejects by {n}%"), ("rút ngắn {n} ngày", "is {n} days faster"),
    ("tạo {n} việc làm", "creates {n} jobs"), ("thu hồi {n}% nước", "recovers {n}% of the water"),
    ("cảnh báo trước {n} giờ", "warns {n} hours ahead"),
    ("tránh {n} tấn khí thải mỗi năm", "avoids {n} tonnes of emissions a year"),
)  # fmt: skip
SYLLABLES: Final = [
    "An",
    "Bình",
    "Chánh",
    "Công",
    "Đại",
    "Đông",
    "Đức",
    "Dương",
    "Gia",
    "Hà",
    "Hải",
    "Hòa",
    "Hưng",
    "Khánh",
    "Kiên",
    "Lâm",
    "Long",
    "Minh",
    "Mộc",
    "Nam",
    "Nghĩa",
    "Phát",
    "Phong",
    "Phú",
    "Phúc",
    "Quang",
    "Quý",
    "Sài",
    "Sơn",
    "Tâm",
    "Tân",
    "Thạnh",
    "Thịnh",
    "Thuận",
    "Tiến",
    "Trí",
    "Trung",
    "Tường",
    "Việt",
    "Vĩnh",
    "Xuân",
    "Yên",
]
INSTRUMENTS: Final = ("contribution", "reward", "loan", "convertible", "equity", "fund_unit")
START: Final = datetime(2026, 11, 1, tzinfo=UTC)
PROJECT_COLUMNS: Final = tuple(
    str(f.column) for f in Project._meta.concrete_fields if f.column != "current_version_id"
)


def projects(count: int, *, owner_id: int, seed: int = 7) -> Iterator[Project]:
    """Unsaved listed projects with ids 1…count; newer ones have higher ids. Every tenth has the
    form of a published call (no instrument, no goal)."""
    rng = random.Random(seed)  # noqa: S311 (a bench, no secret)
    places = taxonomy.keys("place")
    for number in range(1, count + 1):
        yield _project(rng, number, count, owner_id, places)


def _project(
    rng: random.Random, number: int, count: int, owner_id: int, places: list[str]
) -> Project:
    is_call = number % 10 == 0
    listed_at = START - timedelta(minutes=count - number)
    project = Project(
        id=number,
        public_id=f"prj_{rng.getrandbits(104):026x}"[:26],
        slug=f"bench-{number}",
        origin="published_call" if is_call else "proposal",
        owner_id=None if is_call else owner_id,
        status="listed",
        public_status="call" if is_call else "upcoming",
        place_code=rng.choice(places),
        field=rng.choices(list(codes.FIELD), weights=(40, 20, 20, 12, 8))[0],
        pillars=rng.sample(list(codes.PILLAR), rng.randint(1, 2)),
        technologies=_technologies(rng),
        listed_at=listed_at,
        created_at=listed_at,
        updated_at=listed_at,
    )
    _write_texts(rng, project)
    if not is_call:
        _write_facts(rng, project)
    return project


def _technologies(rng: random.Random) -> list[str]:
    keys = list(codes.TECHNOLOGY)
    weights = [1 / (rank + 2) for rank in range(len(keys))]
    return list(dict.fromkeys(rng.choices(keys, weights=weights, k=rng.randint(1, 3))))


def _write_texts(rng: random.Random, project: Project) -> None:
    thing, other = rng.choices(OBJECTS, weights=OFTEN, k=2)
    goal, people = rng.choice(GOALS), rng.choice(PEOPLE)
    result, number = rng.choice(RESULTS), rng.randint(2, 95)
    place = [taxonomy.label("place", str(project.place_code), lang) for lang in ("vi", "en")]
    name = " ".join(rng.choices(SYLLABLES, k=3))
    project.title_vi = f"{goal[0]} {thing[0]} ở {place[0]}"
    project.title_en = f"{goal[1]} {thing[1]} in {place[1]}"
    project.summary_vi = (
        f"Hệ thống cho {number} {people[0]} tại {place[0]}, cùng {other[0]}: "
        f"{result[0].format(n=number)} so với năm trước, theo số liệu chủ dự án tự khai."
    )
    project.summary_en = (
        f"A system for {number} {people[1]} in {place[1]}, together with {other[1]}; it "
        f"{result[1].format(n=number)} against last year, by the owner's own figures."
    )
    project.owner_name_vi, project.owner_name_en = f"Công ty {name}", f"{name} Company"
    project.owner_kind = rng.choice(("firm", "lab", "startup", "cooperative", "public_unit"))


def _write_facts(rng: random.Random, project: Project) -> None:
    project.trl = rng.randint(1, 9)
    project.instrument = rng.choices(INSTRUMENTS, weights=(30, 25, 20, 8, 12, 5))[0]
    project.goal_minor = rng.randint(50, 20_000) * 1_000_000
    project.min_ticket_minor = min(rng.choice((1, 2, 5, 10, 50)) * 500_000, project.goal_minor)
    project.horizon_months = rng.choice((6, 12, 18, 24, 36, 60))
    project.languages = rng.sample(["vi", "en"], rng.randint(1, 2))
    project.skills = rng.sample(["engineering", "finance", "legal", "design", "software"], 2)


def load(count: int, *, owner_id: int) -> None:
    """Fill the empty tables of a bench database, as their owner (listing without the road there is
    refused to everybody else)."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE projects_project DISABLE TRIGGER USER")
        made = list(projects(count, owner_id=owner_id))
        _copy(cursor, "projects_project", PROJECT_COLUMNS, (_values(p) for p in made))
        _copy(cursor, "projects_publishedcall", *_calls(made))
        indexes = _drop_indexes(cursor)
        _copy(cursor, "projects_projectsearch", SEARCH_COLUMNS, (row_of(p) for p in made))
        for definition in ["SET maintenance_work_mem = '512MB'", *indexes]:
            cursor.execute(definition)
        cursor.execute("ALTER TABLE projects_project ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE")


def _drop_indexes(cursor: Any) -> list[str]:
    """Built once over all rows, the index of words takes a tenth of the time."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes "
        "WHERE tablename = 'projects_projectsearch' AND indexname LIKE 'search%'"
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in found]


def _values(project: Project) -> list[Any]:
    fields = [f for f in Project._meta.concrete_fields if f.column in PROJECT_COLUMNS]
    return [getattr(project, f.attname) for f in fields]


def _calls(made: list[Project]) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    columns = (
        "project_id", "call_status", "announcing_body", "announced_on", "source_url",
        "source_date", "location_text", "area", "capital_vnd_bn", "investment_form_text",
        "legal_reference", "name_vi_is_published", "imported_sha256",
    )  # fmt: skip
    rows = (
        (p.pk, "open_call", "UBND", "2026-03", "https://example.org/list", "2026-03-01",
         p.title_vi[:200], "hochiminh_old", 120, "", "", True, "0" * 64)
        for p in made
        if p.is_call
    )  # fmt: skip
    return columns, rows


def _copy(cursor: Any, table: str, columns: tuple[str, ...], rows: Iterator[Any]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
