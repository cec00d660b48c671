"""Mailboxes that do not stand for one person: placeholders, samples, roles, machines, public inboxes."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from sync.identity.folding import fold_text
from sync.identity.words import words

_ROLES: Final = words(
    """
    info infos information contact contacts contactus contactez kontakt contacto contatto contato hello hi
    hey bonjour hola hallo sales sale vente ventes commercial commerciale vertrieb verkauf ventas vendas
    vendite support help helpdesk hilfe ayuda aide service services customerservice customercare
    customersupport kundenservice sav admin administrator administration administrateur adm verwaltung
    office buero bureau sekretariat secretariat secretary reception receptie accueil empfang frontdesk
    marketing communication communications comms press presse prensa media pr news newsletter newsletters
    billing invoice invoices invoicing rechnung rechnungen facturation factura facturas buchhaltung
    accounting accounts accountspayable accountsreceivable comptabilite compta contabilidad finance finances
    finanzen payable payables payment payments purchasing procurement einkauf achats compras orders order
    bestellung bestellungen commande commandes pedidos shop store boutique tienda booking bookings
    reservation reservations reservierung events event hr humanresources personal personalabteilung rh rrhh
    jobs job career careers karriere bewerbung bewerbungen recruiting recruitment recrutement recruiter
    empleo emploi legal compliance privacy datenschutz gdpr dpo rgpd security abuse noc postmaster
    hostmaster webmaster usenet uucp ftp www root sysadmin it itsupport tech technical technik engineering
    dev developer developers devops ops operations logistics logistik versand dispatch warehouse quality qa
    training academy education team equipe staff all everyone everybody company group list lists mail
    mailbox email emails post posta correo inbox general enquiries enquiry inquiries inquiry feedback
    suggestions complaints reklamation partners partner partnership partnerships affiliate affiliates
    investors investorrelations ir board management direction geschaeftsleitung gerencia director subscribe
    unsubscribe subscriptions subscription members member membership welcome web website internet online
    test testing tests user users guest account spam virus phish nobody request requests registration
    register export import sponsors sponsorship editor editorial redaktion redaction editors advertising ads
    werbung publicidad studio clinic praxis kanzlei rezeption hotel restaurant library
    payroll receivables remittance remittances collections creditcontrol bookkeeping treasury estimates quote
    quotes quotation quotations tenders claims customer customers customerservices customerrelations
    customersuccess customerexperience clientservice clientservices clientsupport clientcare servicedesk
    supportdesk ticket tickets hotline helpline salesteam presales aftersales wholesale retail distribution
    shipping delivery deliveries returns refunds rma warranty maintenance facilities safety hse frontoffice
    backoffice headoffice switchboard operator concierge officemanager humanresource people talent recruit
    hiring internship internships volunteers publicrelations pressoffice mediarelations socialmedia social
    digital ecommerce webshop webteam webadmin catering meetings conference conferences rsvp pricing buying
    admissions enrolment enrollment registrar bursar alumni faculty students research laboratory pharmacy
    appointments patients emergency ethics whistleblowing dataprotection copyright licensing permissions
    corporate projects production manufacturing factory workshop spareparts transport customs suppliers
    supplychain vendors dealers resellers distributors agency franchise rental rentals leasing housing
    community sustainability csr ict network hosting domains dns monitoring scanner printer copier fax
    voicemail calendar meetingroom boardroom museum client clients
    serviceclient serviceclients serviceclientele relationclient relationsclients clientele devis facture
    factures recouvrement paie administratif directiongenerale secretariatgeneral standard candidature
    candidatures stages formation formations logistique livraison livraisons expedition expeditions achat
    approvisionnement magasin atelier technique informatique juridique qualite securite travaux exploitation
    gestion tresorerie moyensgeneraux mairie lycee bibliotheque mediatheque pharmacie cabinet agence syndic
    location locations immobilier adhesion adhesions abonnement abonnements inscription inscriptions
    assistance depannage reclamation reclamations sinistres contentieux projets rdv renseignement
    renseignements
    kundendienst kundenbetreuung kundenberatung kundensupport beratung anfrage anfragen angebot angebote
    auftrag auftraege reservierungen buchung buchungen termin termine terminvergabe zentrale poststelle
    hausverwaltung lohnbuchhaltung finanzbuchhaltung fibu personalwesen personalbuero ausbildung praktikum
    pressestelle oeffentlichkeitsarbeit werkstatt montage lagerverwaltung lieferung lieferungen retoure
    retouren reklamationen beschwerde beschwerden zahlung zahlungen mahnung mahnungen mahnwesen inkasso
    controlling rechtsabteilung qualitaet qualitaetsmanagement arbeitssicherheit produktion fertigung
    entwicklung konstruktion disposition dispo spedition aussendienst innendienst vertriebsinnendienst
    geschaeftsfuehrung vorstand betriebsrat gemeinde rathaus buergerbuero stadtverwaltung schulleitung
    kindergarten pfarramt pfarrbuero verein mitglieder mitgliederverwaltung spenden anmeldung anmeldungen
    seminar seminare veranstaltung veranstaltungen notdienst bereitschaft edv onlineshop impressum
    nachhaltigkeit
    soporte administracion direccion tesoreria nominas recursoshumanos seleccion atencionalcliente
    atencioncliente atencion cliente clientes comercial presupuesto presupuestos cotizacion cotizaciones
    proveedores logistica almacen envios devoluciones garantias reclamaciones quejas sugerencias informacion
    informes oficina recepcion secretaria centralita reserva reservas eventos comunicacion juridico calidad
    tecnico tecnica produccion mantenimiento informatica sistemas formacion curriculum ayuntamiento colegio
    escuela farmacia clinica inmobiliaria alquileres socios donaciones consulta consultas cobros pagos
    ufficio segreteria amministrazione contabilita fatturazione fattura fatture pagamenti acquisti
    ufficiocommerciale ordine ordini preventivo preventivi assistenza assistenzaclienti supporto
    servizioclienti clienti magazzino spedizioni qualita produzione ufficiotecnico direzione presidenza
    protocollo risorseumane personale lavoro selezione ufficiostampa comunicazione informazioni prenotazione
    prenotazioni reclami centralino portineria biglietteria eventi negozio scuola biblioteca
    klantenservice klantendienst klantcontact verkoop inkoop administratie boekhouding factuur facturen
    facturatie crediteuren debiteuren salarisadministratie personeel personeelszaken vacature vacatures
    sollicitatie sollicitaties werving secretariaat directie bestuur ledenadministratie magazijn logistiek
    verzending retour klacht klachten offerte offertes bestelling bestellingen reservering reserveringen
    webwinkel ondersteuning technischedienst communicatie redactie voorlichting opleiding opleidingen
    juridisch kwaliteit gemeente bibliotheek apotheek praktijk huisartsenpraktijk inschrijving inschrijvingen
    evenementen algemeen vragen kantoor planning
    financeiro contas cobranca faturamento faturacao fatura faturas contabilidade atendimento
    atendimentoaocliente sac suporte apoio apoiocliente apoioaocliente encomendas orcamento orcamentos
    fornecedores expedicao armazem qualidade producao manutencao diretoria direcao administracao geral recepcao
    ouvidoria imprensa comunicacao curriculos emprego recrutamento
    """
)
"""Group inboxes by their whole local part, without accents. Words that are somebody's name as well, such as Care,
Stampa or Winkel, are none of them; Devis, a given name in Italy, is far more often the inbox for quotes.
Source: RFC 2142 and the lists that mail services publish."""
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

_MACHINES: Final = words(
    """
    noreply noreplies donotreply dontreply nepasrepondre nichtantworten bittenichtantworten keineantwort
    noresponder norespondas naoresponda naoresponder nonrispondere nietbeantwoorden mailerdaemon maildaemon
    daemon bounce bounces bounced autoreply autoresponder automailer notification notifications notify alert
    alerts automated automation bot robot cron system messages invitations inmail hitreply reply replies
    mailer donotrespond devnull updates digest undisclosed undisclosedrecipients anonymous -1
    """
)
_NOBODYS: Final = _ROLES | _MACHINES
_MACHINE = re.compile(
    r"(?:no|do[._-]?not|dont)[._-]?repl(?:y|ies)|[._-]noreply$|[._-]no-reply$|^noreply[._-]|^no-reply[._-]|^bounces?[+._=-]"
    r"|^mailer[._-]?daemon|[._-]hit-reply$|^(?:hit-)?reply[+]|^unsubscribe[+._-]"
)
_MACHINE_HOSTS: Final = words(
    """
    reply.github.com reply.linkedin.com bounce.linkedin.com e.linkedin.com facebookmail.com
    reply.facebook.com
    """
)
_NUMBERED: Final = ("info", "sales", "support", "contact", "office", "admin", "service")
_NUMBERED_INITIALS: Final = frozenset(name[0] for name in _NUMBERED)
_NUMBERED_ROLE = re.compile(rf"(?:{'|'.join(_NUMBERED)})(?:\d{{1,3}}|[._-][a-z]{{2}})")

_FILLER: Final = words(
    """
    a aa aaa na no none null nil test tests testing abc asdf asd qwerty email mail noemail nomail unknown
    undefined example domain sample placeholder fake dummy user name invalid
    """
)
_NEVER_REAL: Final = words(
    """
    email_not_unlocked noemail no-email no_email no.email notprovided not-provided nomail no-mail
    nomail-provided emailnotavailable undefined null
    """
)
_SAMPLES: Final = frozenset(
    ["no@email.com", "emailmaria@hubspot.com", "bh@hubspot.com", "coolrobot@hubspot.com", "test@gmail.com"]
)
"""Put into every new portal, or typed where an address is demanded.
Source: HubSpot's sample contacts; public blocked-value lists."""
_SAMPLE_HOSTS: Final = frozenset({"example.com", "example.org", "example.net", "domain.com", "email.com"})
_SAMPLE_PEOPLE: Final = words(
    """
    test email example none na noemail nomail user username name someone nobody you yourname your.name
    youremail your.email myemail firstname.lastname first.last
    """
)
_EMPTY_SHAPE = re.compile(r"[0-]+|x{3,}")


def is_placeholder(local: str, domain: str) -> bool:
    """Whether a canonical address was never anybody's: filler, samples of products, masked or reserved ones.

    A plus tag makes it no better.
    Source: RFC 2606 and RFC 6761 (``.invalid``), Salesforce's sandbox masks, HubSpot's and Apollo's fillers.
    """
    base = (local.partition("+")[0] if "+" in local else local) or local
    if base in _NEVER_REAL or domain.endswith(".invalid"):
        return True
    if base in _FILLER and domain.partition(".")[0] == base:
        return True
    if domain in _SAMPLE_HOSTS and (base in _SAMPLE_PEOPLE or "=" in local):
        return True
    if base[0] in "0-x" and _EMPTY_SHAPE.fullmatch(base):
        return True
    return f"{base}@{domain}" in _SAMPLES


def joins_nobody(local: str, domain: str) -> bool:
    """Whether a canonical address stands for a group, a machine or a public inbox."""
    base = local.partition("+")[0] if "+" in local else local
    if _is_role(base) or _is_nobodys_host(domain):
        return True
    if not base.isascii() and (_is_role(fold_text(base)) or _is_role(fold_text(base.translate(_UMLAUTS)))):
        return True
    if "repl" in local or "bounce" in local or "daemon" in local or "unsubscribe" in local:
        return _MACHINE.search(local) is not None
    return base[:1] in _NUMBERED_INITIALS and not base.isalpha() and _NUMBERED_ROLE.fullmatch(base) is not None


def _is_role(base: str) -> bool:
    """Whether a local part is a group's or a machine's, in one word or several."""
    if base in _NOBODYS:
        return True
    if base.isalpha() or base.replace(".", "").replace("-", "").replace("_", "") not in _NOBODYS:
        return False
    # "h.r" may be initials and "le.gal" a name: dots make a role of words only.
    return "." not in base or min(map(len, base.split("."))) > 2


@lru_cache(maxsize=8192)
def _is_nobodys_host(domain: str) -> bool:
    """Whether no address at ``domain`` is one person's: a machine's host, or one that gives to whoever asks."""
    hosts = _disposable()
    if domain in _MACHINE_HOSTS or domain in hosts:
        return True
    # Public inboxes hand out sub-domains too.
    return domain.count(".") > 1 and any(domain[at + 1 :] in hosts for at, ch in enumerate(domain) if ch == ".")


@cache
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)
