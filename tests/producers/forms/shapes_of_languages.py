"""Names in the languages and scripts that `shapes_of_people` has not."""

from tests.producers.forms.shape import Shape, as_json

SHAPES: list[Shape] = [
    as_json(
        "Japanese, split",
        {
            "姓": "山田",
            "名": "太郎",
            "お名前（フリガナ）": "ヤマダ タロウ",
            "担当者メールアドレス": "taro@example.jp",
            "携帯番号": "090-1234-5678",
            "貴社名": "山田商事",
            "個人情報の取り扱いに同意する": "同意する",
        },
        name="太郎 山田",
        email="taro@example.jp",
        phone="090-1234-5678",
        company="山田商事",
        consent=True,
        answers={"お名前（フリガナ）": "ヤマダ タロウ"},
    ),
    as_json(
        "what is called something in Japanese is nobody's name",
        {"商品名": "Widget X", "お名前（漢字）": "山田 太郎", "メールマガジン": "いいえ", "メール": "taro@example.jp"},
        name="山田 太郎",
        consents={"newsletter": False},
        answers={"商品名": "Widget X"},
    ),
    as_json(
        "Chinese",
        {"联系人": "王小明", "手机号码": "13800138000", "公司邮箱": "wang@example.cn", "公司名称": "北京科技", "留言": "你好"},
        name="王小明",
        phone="13800138000",
        email="wang@example.cn",
        company="北京科技",
        answers={"留言": "你好"},
    ),
    as_json(
        "Korean",
        {"이름": "김민수", "이메일": "kim@example.kr", "연락처": "010-1234-5678", "회사명": "한빛", "개인정보 수집 동의": "동의"},
        name="김민수",
        phone="010-1234-5678",
        company="한빛",
        consent=True,
        answers={},
    ),
    as_json(
        "Arabic",
        {
            "الاسم الأول": "محمد",
            "اسم العائلة": "علي",
            "البريد الإلكتروني": "m@example.com",
            "رقم الجوال": "0501234567",
            "الشركة": "النور",
        },
        name="محمد علي",
        phone="0501234567",
        company="النور",
        answers={},
    ),
    as_json(
        "Arabic, whole", {"الاسم الكامل": "محمد علي", "البريد الالكتروني": "m@example.com"}, name="محمد علي", first_name=None
    ),
    as_json(
        "Hebrew",
        {"שם פרטי": "דנה", "שם משפחה": "לוי", 'דוא"ל': "dana@example.il", "טלפון": "050-1234567", "שם החברה": "אלפא"},
        name="דנה לוי",
        phone="050-1234567",
        company="אלפא",
        answers={},
    ),
    as_json(
        "Russian",
        {
            "Имя": "Иван",
            "Фамилия": "Петров",
            "Электронная почта": "ivan@example.ru",
            "Название компании": "Ромашка",
            "Номер телефона": "495 123-45-67",
            "Согласие на обработку персональных данных": "да",
        },
        name="Иван Петров",
        first_name="Иван",
        phone="495 123-45-67",
        company="Ромашка",
        consents={"privacy": True},
        answers={},
    ),
    as_json(
        "Ukrainian", {"Ім'я": "Олена", "Прізвище": "Коваль", "Пошта": "olena@example.ua"}, name="Олена Коваль", last_name="Коваль"
    ),
    as_json(
        "Greek",
        {"Όνομα": "Γιώργος", "Επώνυμο": "Παππάς", "Τηλέφωνο": "2101234567", "Εταιρεία": "ΑΒΓ", "Αποδέχομαι τους όρους": "ναι"},
        name="Γιώργος Παππάς",
        phone="2101234567",
        company="ΑΒΓ",
        answers={},
    ),
    as_json(
        "Hindi",
        {"नाम": "रवि कुमार", "ईमेल": "ravi@example.in", "फ़ोन नंबर": "98765 43210"},
        name="रवि कुमार",
        phone="98765 43210",
        answers={},
    ),
    as_json(
        "Turkish",
        {"Ad Soyad": "Ayşe Yılmaz", "E-posta adresiniz": "ayse@example.tr", "KVKK metnini okudum ve onaylıyorum": "Evet"},
        name="Ayşe Yılmaz",
        first_name=None,
        consent=True,
    ),
    as_json(
        "Turkish, split", {"Adınız": "Ayşe", "Soyadınız": "Yılmaz"}, name="Ayşe Yılmaz", first_name="Ayşe", last_name="Yılmaz"
    ),
    as_json("an ad's name is nobody's", {"ad_name": "Spring Sale", "email": "anna@example.com"}, name=None),
    as_json(
        "Vietnamese",
        {"Họ và tên": "Nguyễn Văn An", "Số điện thoại": "0901234567", "Tên công ty": "ABC"},
        name="Nguyễn Văn An",
        phone="0901234567",
        company="ABC",
        answers={},
    ),
    as_json(
        "Czech",
        {"Jméno a příjmení": "Jan Novák", "Název společnosti": "Novák s.r.o.", "Souhlasím se zpracováním údajů": "ano"},
        name="Jan Novák",
        company="Novák s.r.o.",
        consent=True,
    ),
    as_json("Czech, refused", {"E-mail": "jan@example.cz", "Souhlas": "nesouhlasím"}, consent=False),
    as_json(
        "Hungarian",
        {"Teljes név": "Kovács Anna", "Cégnév": "Kovács Kft.", "Hozzájárulok": "igen"},
        name="Kovács Anna",
        consent=True,
    ),
    as_json("Romanian", {"Nume complet": "Ion Popescu", "Sunt de acord cu prelucrarea datelor": "da"}, consent=True),
    as_json("Danish", {"Fulde navn": "Mette Jensen", "Virksomhedsnavn": "Jensen ApS"}, name="Mette Jensen", company="Jensen ApS"),
    as_json(
        "Swedish halves",
        {"För- och efternamn": "Eva Berg", "Jag godkänner integritetspolicyn": "Ja"},
        name="Eva Berg",
        last_name=None,
        consent=True,
    ),
    as_json(
        "Norwegian", {"Fullt navn": "Ola Nordmann", "Jeg samtykker til nyhetsbrev": "Nei"}, name="Ola Nordmann", consent=False
    ),
    as_json(
        "Finnish",
        {"Etunimi": "Aino", "Sukunimi": "Virtanen", "Yrityksen nimi": "Oy Ab", "Hyväksyn tietosuojaselosteen": "Kyllä"},
        name="Aino Virtanen",
        company="Oy Ab",
        consent=True,
    ),
    as_json(
        "Spanish with two surnames",
        {"Nombre": "Lucía", "Primer apellido": "Gómez", "Segundo apellido": "Ruiz", "Correo": "lucia@example.es"},
        first_name="Lucía",
        last_name="Gómez",
    ),
    as_json(
        "French authorisation",
        {"Prénom": "Zoé", "Nom": "Roy", "J'autorise cette société à me contacter": "Oui"},
        name="Zoé Roy",
        consent=True,
    ),
]
