"""Domains whose addresses belong to a person's mailbox and not to a company."""

from typing import Final

_DOMAINS = """
gmail.com googlemail.com outlook.com outlook.de outlook.fr outlook.es outlook.it outlook.com.br hotmail.com hotmail.co.uk
hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.be hotmail.nl live.com live.co.uk live.de live.fr live.nl live.be live.it
msn.com windowslive.com passport.com
yahoo.com yahoo.co.uk yahoo.co.in yahoo.co.jp yahoo.co.id yahoo.com.br yahoo.com.au yahoo.com.mx yahoo.com.ar yahoo.com.ph
yahoo.com.sg yahoo.com.vn yahoo.com.tw yahoo.com.hk yahoo.ca yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.in yahoo.ie yahoo.se
yahoo.no yahoo.dk yahoo.gr yahoo.pl yahoo.ro ymail.com rocketmail.com
icloud.com me.com mac.com aol.com aol.de aol.fr aol.co.uk aim.com verizon.net netscape.net
proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tutamail.com tuta.io tuta.com keemail.me
gmx.com gmx.de gmx.net gmx.at gmx.ch gmx.fr gmx.co.uk gmx.us web.de freenet.de t-online.de online.de arcor.de
mail.de posteo.de posteo.net mailbox.org hey.com fastmail.com fastmail.fm zoho.com zohomail.com zohomail.eu mail.com email.com
usa.com europe.com inbox.com hushmail.com lavabit.com startmail.com runbox.com disroot.org riseup.net
yandex.com yandex.ru ya.ru yandex.ua yandex.kz mail.ru bk.ru list.ru inbox.ru internet.ru rambler.ru ukr.net i.ua meta.ua
seznam.cz email.cz post.cz centrum.cz volny.cz atlas.cz azet.sk zoznam.sk post.sk wp.pl o2.pl onet.pl op.pl interia.pl
poczta.fm gazeta.pl tlen.pl vp.pl abv.bg mail.bg dir.bg freemail.hu citromail.hu indamail.hu
orange.fr wanadoo.fr free.fr sfr.fr laposte.net neuf.fr bbox.fr numericable.fr club-internet.fr aliceadsl.fr
libero.it virgilio.it tiscali.it alice.it tin.it tim.it fastwebnet.it inwind.it
telefonica.net terra.es ono.com sapo.pt iol.pt clix.pt
skynet.be telenet.be proximus.be scarlet.be ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl xs4all.nl upcmail.nl chello.nl
bluewin.ch hispeed.ch sunrise.ch aon.at chello.at a1.net
telia.com spray.se bredband.net comhem.se home.se online.no broadpark.no jubii.dk stofanet.dk mail.dk
luukku.com suomi24.fi kolumbus.fi elisanet.fi pp.inet.fi otenet.gr in.gr
btinternet.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk plusnet.com o2.co.uk eircom.net
comcast.net sbcglobal.net att.net bellsouth.net cox.net charter.net earthlink.net juno.com roadrunner.com rr.com optonline.net
optimum.net frontier.com frontiernet.net windstream.net centurylink.net mindspring.com netzero.net embarqmail.com q.com
rogers.com shaw.ca sympatico.ca bell.net telus.net videotron.ca cogeco.ca
bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au internode.on.net xtra.co.nz slingshot.co.nz
uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com r7.com oi.com.br prodigy.net.mx
qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com tom.com 21cn.com
naver.com hanmail.net daum.net nate.com hotmail.co.jp ezweb.ne.jp docomo.ne.jp softbank.ne.jp i.softbank.jp nifty.com
rediffmail.com indiatimes.com sify.com
walla.co.il walla.com netvision.net.il 012.net.il mweb.co.za telkomsa.net webmail.co.za vodamail.co.za
mailinator.com guerrillamail.com yopmail.com 10minutemail.com trashmail.com temp-mail.org sharklasers.com
"""
FREE_MAIL_DOMAINS: Final = frozenset(_DOMAINS.split())
