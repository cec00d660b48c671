"""Hosts and company domains from what people write: addresses of sites, hosts, email addresses."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import idna

from sync.identity.words import plain_text, words

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MAX_LENGTH: Final = 2048

_AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//([^/?#\\]*)|([^/?#\\]*)", re.IGNORECASE | re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ASCII_HOST = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}", re.ASCII)
_UNSEEN: Final = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
"""What UTS 46 drops from a name: soft hyphen, zero width space, word joiner, byte order mark."""
_EDGE = " \t\r\n\v\f\u00a0\u2007\u202f\ufeff\u200b\u200c\u200d\u200e\u200f\u2060<>\"'(),;"

FREE_MAIL: Final = words(
    """
    gmail.com googlemail.com yahoo.com yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.ca yahoo.in yahoo.co.uk
    yahoo.co.in yahoo.co.jp yahoo.com.br yahoo.com.mx yahoo.com.ar yahoo.com.au ymail.com rocketmail.com
    myyahoo.com hotmail.com hotmail.fr hotmail.de hotmail.es hotmail.it hotmail.co.uk hotmail.be hotmail.nl
    outlook.com outlook.fr outlook.de outlook.es outlook.it outlook.be live.com live.fr live.de live.nl
    live.be live.it live.ca live.co.uk msn.com passport.com windowslive.com icloud.com me.com mac.com
    aol.com aol.fr aol.de aol.co.uk aim.com proton.me protonmail.com protonmail.ch pm.me tutanota.com
    tutanota.de tuta.com tuta.io tutamail.com gmx.de gmx.net gmx.com gmx.at gmx.ch gmx.fr web.de t-online.de
    freenet.de arcor.de posteo.de mailbox.org 1und1.de online.de email.de mail.de fastmail.com fastmail.fm
    hey.com duck.com zoho.com zohomail.com zohomail.eu mail.com email.com usa.com hushmail.com runbox.com
    inbox.com lycos.com excite.com yandex.ru yandex.com ya.ru yandex.by yandex.kz yandex.ua mail.ru bk.ru
    inbox.ru list.ru internet.ru rambler.ru ukr.net i.ua meta.ua seznam.cz email.cz centrum.cz wp.pl o2.pl
    onet.pl op.pl interia.pl gazeta.pl tlen.pl orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr
    numericable.fr bbox.fr aliceadsl.fr club-internet.fr voila.fr cegetel.net libero.it virgilio.it
    tiscali.it alice.it tin.it poste.it tim.it telefonica.net terra.es terra.com.br uol.com.br bol.com.br
    ig.com.br globo.com sapo.pt telenet.be skynet.be proximus.be scarlet.be ziggo.nl kpnmail.nl planet.nl
    home.nl xs4all.nl hetnet.nl upcmail.nl bluewin.ch sunrise.ch hispeed.ch btinternet.com btopenworld.com
    sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk comcast.net verizon.net att.net
    sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net juno.com netzero.net
    frontier.com windstream.net roadrunner.com shaw.ca rogers.com sympatico.ca telus.net videotron.ca
    bigpond.com bigpond.net.au optusnet.com.au xtra.co.nz qq.com vip.qq.com foxmail.com 163.com 126.com
    yeah.net sina.com sina.cn sohu.com aliyun.com 139.com 189.cn naver.com daum.net hanmail.net kakao.com
    nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp rediffmail.com indiatimes.com walla.co.il walla.com
    bezeqint.net abv.bg mail.bg freemail.hu citromail.hu online.no telia.com spray.se simplelogin.com
    anonaddy.com privaterelay.appleid.com relay.firefox.com mozmail.com users.noreply.github.com
    """
)
"""Mail hosts anybody can join: they tell nothing of an employer."""

SHARED_HOSTS: Final = words(
    """
    linkedin.com linkedin.cn lnkd.in facebook.com fb.com fb.me m.me messenger.com instagram.com threads.net
    twitter.com x.com t.co youtube.com youtu.be tiktok.com pinterest.com pin.it reddit.com redd.it
    snapchat.com whatsapp.com wa.me telegram.me t.me telegram.org discord.com discord.gg vk.com ok.ru
    weibo.com xing.com viadeo.com about.me linktr.ee beacons.ai bio.link carrd.co campsite.bio lnk.bio
    taplink.cc linkin.bio medium.com substack.com tumblr.com quora.com github.com gitlab.com bitbucket.org
    behance.net dribbble.com vimeo.com flickr.com soundcloud.com bit.ly bitly.com tinyurl.com goo.gl ow.ly
    buff.ly is.gd cutt.ly rebrand.ly t.ly shorturl.at rb.gy tiny.cc dlvr.it lnk.to soo.gd s.id v.gd hubs.ly
    hubs.la spoti.fi amzn.to g.co goo.gle forms.gle crunchbase.com glassdoor.com indeed.com yelp.com
    tripadvisor.com trustpilot.com wikipedia.org wellfound.com angel.co producthunt.com g2.com capterra.com
    societe.com pappers.fr northdata.de companieshouse.gov.uk calendly.com cal.com doodle.com typeform.com
    eventbrite.com meetup.com zoom.us archive.org sites.google.com docs.google.com drive.google.com
    forms.google.com maps.google.com g.page calendar.google.com meet.google.com plus.google.com
    onedrive.live.com dropbox.com wetransfer.com notion.so notion.site wordpress.com wixsite.com blogspot.com
    webflow.io myshopify.com etsy.com ebay.com over-blog.com pagesperso-orange.fr wix.com typepad.com
    threads.com fb.watch bsky.app bsky.social adf.ly wp.me x.co
    """
)
"""Social networks, link shorteners, directories and site builders: many companies live under one host."""

PLATFORMS: Final = words(
    """
    onmicrosoft.com mail.onmicrosoft.com sharepoint.com visualstudio.com odoo.com zendesk.com atlassian.net
    jira.com freshdesk.com freshservice.com helpscoutdocs.com statuspage.io service-now.com my.salesforce.com
    lightning.force.com my.site.com jobs.personio.de jobs.personio.com jimdosite.com jimdofree.com jimdo.com
    squarespace.com weebly.com godaddysites.com strikingly.com mystrikingly.com e-monsite.com business.site
    zohosites.com zohosites.eu zohosites.in hs-sites.com hubspotpagebuilder.com hubspotpagebuilder.eu
    mybigcommerce.com bigcartel.com company.site mykajabi.com systeme.io ghost.io kinsta.cloud
    wpcomstaging.com readme.io
    """
)
"""Platforms where a company has its site, mail or desk on a host of its own, and that the Public Suffix List does
not name.
Source: the hosts under which customers of these platforms are found."""

_NO_COMPANY: Final = FREE_MAIL | SHARED_HOSTS | PLATFORMS
_NO_COMPANY_ANYWHERE: Final = words("gmx hotmail live outlook yahoo blogspot webnode")
"""Of those the ones that are there under the suffixes of most countries."""


def host_of(value: object) -> str | None:
    """The lower-case host that ``value`` names, as it is spelled; ``None`` when it is no host name.

    ``value`` may be the address of a site, a bare host or an email address. IP addresses, ``localhost`` and
    names without a dot are no hosts here.
    """
    text = plain_text(value)
    if text is None or len(text) > MAX_LENGTH:
        return None
    match = _AUTHORITY.match(text.strip(_EDGE))
    authority = (match[1] or match[2] or "") if match else ""
    host = authority.rpartition("@")[2].partition(":")[0].rstrip(".").lower()
    host = host if host.isascii() else host.translate(_UNSEEN)
    return host if ascii_host(host) else None


def ascii_host(host: str) -> str | None:
    """The A-label form of a host name with at least two labels, ``None`` when it has none.

    Source: RFC 5890 to 5893 and UTS 46 without transitional mapping, so that ``faß.de`` is not ``fass.de``.
    """
    if host.isascii() and "xn--" not in host:
        return _checked(host.lower())
    return _encoded(host) if len(host) <= 253 else None


@lru_cache(maxsize=4096)
def _encoded(host: str) -> str | None:
    try:
        return _checked(idna.encode(host, uts46=True, std3_rules=True, transitional=False).decode("ascii"))
    except UnicodeError:
        return None


def _checked(host: str) -> str | None:
    """``host`` when its labels are well formed and its last one is no number. Source: RFC 1123 section 2.1."""
    if len(host) > 253 or not _ASCII_HOST.fullmatch(host):
        return None
    labels = host.split(".")
    return None if labels[-1].isdigit() or max(map(len, labels)) > 63 else host


def registrable_domain(value: object) -> str | None:
    """The part of a host that somebody registered, in A-labels; ``None`` for bare suffixes and private names.

    Customers of one hosting platform (``x.github.io``) have a domain of their own each.
    Source: the Public Suffix List, both sections, as packaged by publicsuffixlist, and ``PLATFORMS``.
    """
    host = host_of(value)
    ascii_form = ascii_host(host) if host else None
    return _registrable(ascii_form) if ascii_form else None


def company_domain(value: object) -> str | None:
    """The registrable domain when it can tell one company from another.

    ``None`` for free-mail, social networks, link shorteners, directories, site builders and platforms themselves.
    """
    host = host_of(value)
    ascii_form = ascii_host(host) if host else None
    domain = _registrable(ascii_form) if ascii_form else None
    if ascii_form is None or domain is None or domain in _NO_COMPANY:
        return None
    if domain.partition(".")[0] in _NO_COMPANY_ANYWHERE:
        return None
    return None if ascii_form.removeprefix("www.") in _NO_COMPANY else domain


@lru_cache(maxsize=65536)
def _registrable(host: str) -> str | None:
    found: str | None = _tenant(host.removeprefix("www.")) or _suffixes().privatesuffix(host)
    return found


def _tenant(host: str) -> str | None:
    """The host of one customer of a platform, whatever stands in front of it."""
    labels = host.split(".")
    starts = (at for at in range(1, len(labels) - 1) if ".".join(labels[at:]) in PLATFORMS)
    return next((".".join(labels[at - 1 :]) for at in starts), None)


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False)
