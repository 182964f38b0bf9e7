"""The words by which forms name things: English, German, French, Spanish, Italian, Dutch, Portuguese, Polish, and the plainest of
Swedish, Danish, Norwegian, Finnish, Czech, Hungarian, Romanian, Turkish and Vietnamese; `scripts` has those that aren't Latin.

All are folded as `names.words` folds them: lower case, no accents, camel case and punctuation split.
"""

from producers.forms.reading import scripts


def word_set(text: str, separator: str | None = None) -> frozenset[str]:
    """Words written in a row."""
    return frozenset(text.split(separator))


def ranked(*rows: str) -> dict[str, int]:
    """Words with the number of their row, the most telling first."""
    return {word: rank for rank, row in enumerate(rows) for word in row.split()}


# Say nothing about which field it is.
NOISE = (
    word_set(
        """
    a an the of for to in on at by is are s d l m j i o y e ou or and und et en
    what which who how can we may please enter give provide tell us leave insert fill add
    your you my our ihr ihre ihren dein deine ihrer votre vos ton ta mon ma quel quelle est tu su sus mi cual es
    il la le lo les gli el los las un une una der die das den dem des des del della dello dell da do dos das de di du
    van het een uw je jouw seu sua qual twoj twoja twoje pani pana jaki jest wie lautet bitte welche wat
    hier eingeben angeben saisir saisissez indiquez ingresa ingrese introduce escribe inserisci vul geef digite insira
    informe podaj wpisz come si chiama qui moi tuo tuoi tue nostro vostro vostra vuestro teu tua deres
    field fields form input text textfield txt value values answer answers question questions q f data custom inputs
    required optional pflichtfeld obligatoire obligatorio obbligatorio verplicht opcional facultatif wymagane
    contact kontakt contacto contatto lead leads customer client klient cliente kunde visitor attendee respondent
    submitter applicant participant prospect guest person personal primary main preferred best valid current new
    hidden step billing och og va
    """
    )
    | scripts.NOISE
    | scripts.JOINERS
)
# Within a name, 'e', 'i', 'y', ... join first and last name; as parts of "e-mail" they belong to it.
JOINERS = word_set("and und et y e i en ed och og va") | scripts.JOINERS

EMAIL = (
    word_set(
        """
    email emails mail emailaddress mailaddress emailadresse mailadresse emailadress mailadres emailadres courriel mel
    epost sahkoposti eposta
    correo electronico electronica eletronico elettronica electronique elektroniczny elektroniczna elektronische
    elektronisch emailid reply replyto from sender useremail workemail businessemail
    """
    )
    | scripts.EMAIL
)
EMAIL_WITH = (
    word_set(
        """
    address adresse adres adresu direccion indirizzo endereco e id posta poczta poczty skrzynki postadresse
    work business company corporate professional professionnel professionnelle profesional professionale zakelijk
    zakelijke geschaftlich geschaftliche geschaftlichen dienstlich dienstliche berufliche firmen firmowy sluzbowy
    trabajo trabalho lavoro corporativo profissional empresa aziendale private privat user account
    cim adresiniz adresi dia chi
    """
    )
    | scripts.EMAIL_WITH
)
PHONE = (
    word_set(
        """
    phone phones telephone tel telefon telefono telefone telefoon telefonnummer telefoonnummer telefonnr phonenumber
    phoneno mobilenumber mobile mobil cell cellphone handy handynummer mobilnummer mobiltelefon mobilfunknummer
    rufnummer portable movil celular cellulare telefonino gsm mobiel mobieltje telemovel komorka komorkowy
    puhelin puhelinnumero mobilnr telefonszam telefonu komorkowego
    whatsapp fon telephonique durchwahl contactnumber tlf tfno telf thoai
    """
    )
    | scripts.PHONE
)
PHONE_WITH = (
    word_set(
        """
    number numbers nummer numero numer nr no num n rufnummer work business office mobile mobil cell daytime day
    fixe fijo fisso home evening direct direkt company full national international user landline festnetz
    professionnel trabajo trabalho lavoro zakelijk geschaftlich sluzbowy primary raw contactnummer
    numaraniz numarasi cislo dien so di dong szam
    """
    )
    | scripts.PHONE_WITH
)
# First and last names: those that stand alone, and those that need "name" beside them.
FIRST = (
    word_set(
        """
    firstname fname forename givenname vorname prenom voornaam imie firstnames prenoms vornamen primeironome nombrepila
    yourfirstname fornamn fornavn etunimi jmeno krestni prenume keresztnev adiniz
    """
    )
    | scripts.FIRST
)
FIRST_OF = word_set("first given pila primer primeiro proprio fore vor voor christian ten") | scripts.FIRST_OF
LAST = (
    word_set(
        """
    lastname lname surname familyname nachname familienname zuname cognome apellido apellidos sobrenome apelido apelidos
    achternaam familienaam nazwisko secondname nomdefamille
    efternamn efternavn etternavn sukunimi prijmeni vezeteknev soyad soyadi soyadiniz
    """
    )
    | scripts.LAST
)
LAST_OF = word_set("last family sur famille familia famiglia nach achter ultimo familien ho") | scripts.LAST_OF
NAME = (
    word_set(
        """
    name names nom nombre nome naam fullname yourname contactname nominativo nomcomplet ansprechpartner namn navn nimi nev nume
    adsoyad isim adi
    """
    )
    | scripts.NAME
)
NAME_WITH = (
    word_set(
        """
    full complete complet complets completo completa voll vollstandiger vollstandige voller volledige completos raw fulde fullt
    hele fullstandigt teljes cele
    """
    )
    | scripts.NAME_WITH
)
COMPANY = (
    word_set(
        """
    company companyname organization organisation organizationname organisationname business businessname employer
    firma firmenname unternehmen unternehmens unternehmensname betrieb firm enterprise societe entreprise raisonsociale empresa
    org orgname compania razonsocial azienda societa ragionesociale bedrijf bedrijfsnaam organisatie onderneming
    companhia organizacao organizacion organizzazione organizacja firmy przedsiebiorstwo przedsiebiorstwa arbeitgeber
    employeur werkgever companyorganization raison ragione razon
    foretag foretagsnamn virksomhed firmanavn bedrift yritys spolecnost ceg cegnev companie sirket sirketadi
    spolecnosti virksomhedsnavn virksomhedens bedriftsnavn yrityksen foretagets cong
    """
    )
    | scripts.COMPANY
)
COMPANY_WITH = (
    word_set(
        """
    name names nom nombre nome naam nazwa nazwy denomination denominacion legal social sociale razon raison ragione
    account work current companies organization organisation business company
    nazev navn namn nimi nume numele neve ten ty
    """
    )
    | scripts.COMPANY_WITH
)

# Whoever stands under or beside these words is not the person who filled in the form.
OTHERS = word_set(
    """
    owner rep agent assignee assigned manager colleague friend referrer referral referred referee recipient recipients
    admin administrator notify notification notifications cc bcc creator author host hosts organizer organiser
    membership memberships staff support supervisor boss emergency spouse partner vorgesetzter chef
    invited guests sales operator empfanger empfehlung destinataire references reference referees referrals colleagues
    coworker coworkers teammate teammates friends owners agents reps assignees managers organizers hosts witness
    beneficiary beneficiaries companion companions dependents kollege kollegin kollegen freund freunde notfall
    notfallkontakt notfallkontakte begleitperson begleitpersonen gaste referenzen collegue collegues ami amis urgence
    filleul parrain amigo amigos urgencia emergencia acompanante acompanantes invitados emergenza amico amici noodgeval
    """
)
# Objects that have names, ids and addresses of their own.
THINGS = OTHERS | word_set(
    """
    event events campaign ad page site product products plan file files workspace team tracking device browser
    webhook app integration location session job course item items order project store shop website domain meeting
    calendar subscription source endpoint seller sellers vendor supplier merchant
    webinar workshop training seminar conference veranstaltung evento evenement
    """
)
# With the word for a form before them: what describes the form, and holds no answers.
FORM_DESCRIPTIONS = word_set("structure definition schema settings meta")
COMPANY_PARENTS = word_set("company organization organisation business firma empresa societe azienda bedrijf employer")
FORM_PARENTS = word_set("form formular formulaire formulario formulier modulo formularz survey questionnaire quiz")

# Objects that only wrap: their name is no part of a field's.
WRAPPERS = word_set(
    """
    data payload body fields field answers answer responses response values value form formdata formfields formresponse
    submission submissions entry entries record result results content message object attributes properties props
    customfields custom hidden hiddenfields contact lead person customer client visitor user respondent attendee
    details detail info information personal request rawrequest raw items questions meta metadata context params
    parameters variables inputs input posted posteddata fielddata usercolumndata contactdetails contactinfo personaldata
    contactdata leaddata formsubmission formdataflat dane daten donnees datos dati gegevens dados kontakt contacto
    contatto kontaktdaten coordonnees itemmeta profile ansprechpartner envelope questionsandanswers
    """
)

# Told apart by their own words; `names.consent_purpose` knows which.
CONSENT_STEMS = tuple(
    word_set(
        "consent consens optin einwillig zustimm einverstand einverstanden zgod gdpr dsgvo rgpd rodo lgpd toestemming akkoord "
        "acconsent autoriz autorizz permission wyrazam agree"
    )
)
CONSENT_SUBJECTS = tuple(
    word_set(
        "newsletter marketing privacy datenschutz confidentialite privacidad privacidade privatsphare rodo terms agb "
        "conditions condiciones condizioni voorwaarden termos regulamin subscribe mailing promotions promotional offers "
        "prywatnosci riservatezza bedingungen updates werbung nieuwsbrief ofertas"
    )
)
CONSENT_VERBS = tuple(
    word_set(
        "accept accepts accepted acceptance accepte acepto accetto aceito akzeptiere akzeptieren akceptuje accepteer "
        "concordo zgadzam stimme willige zgadza ok"
    )
)
FIRST_PERSON = word_set("i yes ich j je yo io ik eu ja si oui sim tak hiermit")
OPT_OUT_STEMS = word_set(
    """
    optout optedout unsubscribe unsubscribed donotcontact donotcall donotemail dontcontact dontcall dontemail abmelden
    desinscription
    """
)
# Before what is asked for, these refuse it; some only as the first word, since "yes/no" asks.
REFUSALS = word_set("not don dont never kein keine keinen keinerlei nicht pas geen niet nao nunca")
REFUSING_FIRST = frozenset((word,) for word in ("no", "non", "nie"))
# After what agrees: "stimme nicht zu", "accepte pas".
REFUSING_NEXT = word_set("nicht pas niet")
# In a few words, beside no other that agrees; long ones may tell that what is agreed to can be revoked.
REFUSING_VERBS = word_set(
    """
    withdraw withdrawn revoke revoked remove refuse refused decline declined reject rejected stop lehne ablehnen abgelehnt
    abbestellen widerrufen widerruf refusee rechazo rifiuto weiger recuso
    """
)
# Of languages in which agreeing isn't known, but "newsletter" is the same word; some only by two words.
REFUSALS_ELSEWHERE = word_set(
    """
    ikke inte ingen inga nem nechci nechceme nepreji nesouhlasim nevyzaduji nezasilat nezasilejte neposilat neposilejte
    istemiyorum istemem nezelim nezeli nuvreau nudoresc nusunt enhalua nepas
    """
)
OURSELVES = word_set("we wir nous noi wij nos")
PURPOSES = {
    "newsletter": "newsletter",
    "nieuwsbrief": "newsletter",
    "marketing": "marketing",
    "promotion": "marketing",
    "promotional": "marketing",
    "offers": "marketing",
    "werbung": "marketing",
    "mailing": "newsletter",
    "subscribe": "newsletter",
    "terms": "terms",
    "agb": "terms",
    "termos": "terms",
    "regulamin": "terms",
    "conditions": "terms",
    "condiciones": "terms",
    "condizioni": "terms",
    "voorwaarden": "terms",
    "bedingungen": "terms",
    "privacy": "privacy",
    "datenschutz": "privacy",
    "confidentialite": "privacy",
    "privacidad": "privacy",
    "privacidade": "privacy",
    "gdpr": "privacy",
    "dsgvo": "privacy",
    "rgpd": "privacy",
    "rodo": "privacy",
    "lgpd": "privacy",
    "sms": "sms",
    "profiling": "profiling",
    "analytics": "analytics",
    "process": "privacy",
    "contacted": "contact",
    "kontaktiert": "contact",
    "contacte": "contact",
    "contactado": "contact",
    "contattato": "contact",
}
