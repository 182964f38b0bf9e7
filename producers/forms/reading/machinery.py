"""The words of the machinery around the answers, folded and run together as by `names.compact`."""

import re

from producers.forms.reading.vocabulary import ranked, word_set

EVENT_IDS = {
    name: rank
    for rank, name in enumerate(
        (
            *("eventid", "submissionid", "responseid", "entryid", "submissionuuid", "eventuuid", "submissionguid"),
            *("leadgenid", "leadid", "messageid", "requestid", "recordid", "submissionkey", "submissiontoken"),
            *("messagesid", "submissionnumber", "uniqueid", "uuid", "guid", "id"),
        )
    )
}
SUBMISSION_IDS = word_set("eventid submissionid responseid entryid submissionuuid eventuuid submissionguid")
"""No better than each other, so that the outermost counts."""
ENVELOPES_WITH_ID = word_set(
    "data payload record object result body envelope meta metadata formresponse content request formdata"
)
TIMES = ranked(
    """
    submittedat submitted submissiondate submissiontime submissiontimestamp submittime submittedon completedat
    leadsubmittime datesubmitted finishedat submittedtime submitdate convertedat datetimesubmitted eingereichtam gesendetam
    soumisle lastsubmittedtime registrationdate registeredat registrationtime
    datedesoumission fechadeenvio datadeenvio datadinvio dataenvio datawyslania verzondenop
    """,
    "createdat created datecreated createdtime createdon creationdate dateadded entrydate creationtime createddate "
    "createdate createtime datetimecreated",
    "timestamp eventts occurredat sentat receivedat eventtime ts time datetime zeitstempel horodatage timestampms",
    "date datum fecha data",
)
PAGES = ranked(
    """
    pageurl pageuri page sourceurl submissionurl formurl currenturl pagelocation documenturl pagelink seite
    pagehref contextpageuri currentpage submittedfrom seitenurl urlpage
    """,
    "landingpage landingpageurl landingurl entrypage entryurl firstpage pagepath",
    "url uri href location",
)
BARE_URL = 2
HONEYPOTS = word_set(
    "gotcha honeypot honey hp hpt botfield leaveblank leavethisblank leaveempty leavethisempty donotfill dontfill "
    "akhptextarea botcheck hiddentrap"
)
MAILCHIMP_TRAP = re.compile(r"b_[0-9a-f]{8,}_[0-9a-f]{6,}")
SPAM_FLAGS = word_set("isspam spam spamdetected markedasspam flaggedasspam")
TEST_FLAGS = word_set("istest test testmode istestmode testsubmission istestsubmission testlead istestlead")
EVENT_TYPES = word_set("event eventtype eventname type triggertype action topic webhookevent trigger hook")
PINGS = word_set("ping test webhooktest webhookping testping verification urlverification handshake testevent")
TECHNICAL = word_set("""
    id uuid guid eventtype eventname triggertype webhookevent webhookid webhookurl webhook deliveryid attempt
    attemptnumber apiversion schemaversion useragent ip ipaddress remoteip remoteaddr userip clientip sessionid visitorid
    clientid cookie cookies hutk fbp fbc ga gaclientid siteid accountid portalid workspaceid pageid appid organizationid
    respondentid networkid elementid formelementid postid queriedid refererid refererpostid referertitle csrf csrftoken
    csrfmiddlewaretoken authenticitytoken requestverificationtoken xsrftoken nonce wpnonce token accesstoken secret
    apikey password passwort motdepasse contrasena signature googlekey recaptcha grecaptcharesponse hcaptcharesponse
    cfturnstileresponse captcha recaptchatoken captcharesponse formbuildid formtoken viewstate eventvalidation
    viewstategenerator submit submitbutton redirect redirecturl next returnurl successurl thankyouurl utf
    startedat landedat updatedat modifiedat dateupdated lastmodified loadtime rendertime timetocomplete pretty rawrequest
    objectid hsobjectid specversion datacontenttype dataschema traceparent honeypotfield ajaxurl isajax charset step formstep
    handshakekey triggeruid authmode
    """)
TECHNICAL_STARTS = (
    *("_wp", "__", "_token", "_csrf", "csrf", "g-recaptcha", "h-captcha", "cf-turnstile", "_ajax", "gform_", "is_submit_"),
    *("state_", "wpforms[id", "wpforms[nonce", "_mc4wp", "_gl", "_ga", "_fb", "_hs", "elementor_", "et_pb_", "fluent_"),
)
# Technical at the top of the payload: always, or only around an envelope or as a machine's word (`form.submitted`).
OUTERMOST = word_set("event eventtype trigger hook version object livemode")
OUTERMOST_PERHAPS = word_set("type action topic")
COUNTRIES = word_set("country countrycode countryiso isocountry countryname land pays pais paese kraj paisiso residence")
DIAL_CODES = word_set("""
    phonecountry phonecountrycode dialcode dialingcode callingcode phoneprefix phonecode countryprefix countrydialcode
    countrycallingcode telcountrycode vorwahl landervorwahl indicatif prefijo prefisso landcode
    """)
AREA_CODES = word_set("area areacode")
CONSENT_TYPES = word_set("legal consent gdpr terms acceptance optin gdpragreement termsofservice")
# Beside a consent in its object: when and how it was given.
CONSENT_CIRCUMSTANCES = word_set("at date timestamp ip time version givenat grantedat text source method userip")
CONSENT_FILLERS = word_set(
    "given granted value status accepted agreed consent consents checked answer state optin gdpr ischecked"
)
