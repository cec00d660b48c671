"""Forms of given names in European languages, and look-alike names of men and women; accents folded away."""

from __future__ import annotations

from typing import Final

_GROUPS: Final = """
alexander alex alec sandy xander lex sascha alejandro alexandre | alexandra alex sandra sandy alejandra lexi
| andrew andy drew andreas andre andres | anthony tony antoine antonio toni anton | antonia toni | barbara
barb babs barbie baerbel | benjamin ben benny benji | bernard bernie bernd bernhard bernardo | bridget biddy
| catherine katherine kathryn cathy kathy kate katie kat kitty cate catalina kathrin katrin katharina kathi
kasia | charles charlie chuck chas carlos karl carl charly | charlotte charlie lotte lottie | christine
chris tina christina kristin | christopher chris kit topher christoph christophe cristobal | christian chris
| daniel dan danny dani | daniela dani | david dave davey davy | deborah deb debbie debra | dominic dom nick
dominik dominique | donald don donny | dorothy dot dottie dolly dora | edward ed eddie ned ted teddy eduard
eduardo edouard | eleanor ellie nell nora lena | elizabeth liz lizzie beth betty eliza elisabeth lisa elsa
sisi betsy libby isabel lilibeth babette | emily em emmy | eugene gene | florence flo florrie | francis
frank francois francisco paco pancho franz | frances fran fanny francoise franziska | franziska franzi |
frederick fred freddy friedrich fritz frederic federico | gabriel gabe gabi | gabriele gabi gaby | gerald
gerry jerry gerard | gregory greg gregor gregoire | guillermo memo william guillaume wilhelm | gwendolyn
gwen | harold harry hal | henry harry hank hal henri heinrich enrique heinz heiner | ignacio nacho |
isabella bella isabel izzy | jacob jake jakob jacques | jacqueline jackie | james jim jimmy jamie jaime |
jennifer jen jenny | jeffrey jeff geoff geoffrey | jessica jess jessie | jesus chuy | joanna jo joanne
johanna hanna | john jack johnny jon jean juan hans johann johannes | jonathan jon john johnny nathan |
joseph joe joey josef jose pepe sepp jupp | josephine jo josie | joshua josh | judith judy judi | julian
jules | juliana jule | kenneth ken kenny | kimberly kim | lawrence larry laurie laurent lorenz lorenzo |
leonard leo len lenny leonhard | leopold leo poldi | louis lou lewis ludwig luis | louise lou luisa | lucas
luke lukas luc | manuel manolo manny manu | manuela manu | margaret maggie meg peggy marge margie greta
gretel margarete margot rita daisy | maria mia mary marie mimi maike | mary molly polly mamie | martin marty
| martha marty | matthew matt matthias mathieu mateo | maximilian max | michael mike mick micky mickey mitch
michel miguel michi | mercedes meche | montserrat montse | nancy nan | natalie nat nathalie natalia natasha
| nathaniel nat nate nathan | nicholas nick nicky nico klaus nicolas nikolaus niko | nicole nicky nikki |
norman norm | oliver ollie olivier | olivia liv livvy | pamela pam | patricia pat patty trish tricia |
patrick pat paddy patricio | paul pablo | paulina paula lina | penelope penny | peter pete pierre pedro
| philip phil pip philippe felipe philipp | phillip phil | rachel rach | raymond ray raimund ramon |
rebecca becky becca | richard rick dick rich ricky ricardo | robert bob rob bobby robbie bert roberto |
roberta bobbie | ronald ron ronnie | rosario charo | rose rosie rosa | rudolf rudi rodolfo | russell russ |
samuel sam sammy | samantha sam sammy | sebastian seb basti | sebastien seb | sophia sophie sofia | stephen
steve steven stefan stephan stephane esteban steffen | stephanie steph steffi stefanie | sigmund siggi
siegfried | susan sue suzy susanne susie suzanne susana | teresa terry theresa tess tere resi | theodore ted
teddy theo | thomas tom tommy tomas | timothy tim timmy | tobias toby tobi | ulrich uli | ursula uschi ulla
| valentine val | veronica ronnie vero | victor vic viktor | victoria vicky vicki tori | vincent vince
vinnie vicente | virginia ginny | walter walt wally | werner | wilhelm willi willy | william will bill billy
willie liam | wolfgang wolf wolfi | xavier javier javi | zachary zach zack
"""
_FORMS_ELSEWHERE: Final = """
abigail gail | albert bert bertie al | alfred fred freddie alf | amanda mandy | arthur art | augustus gus |
beatrice bea trixie | cassandra sandra | clarence | constance connie | cynthia cindy | edmund ned ted |
ernest ernie | gertrude trudy | harriet hattie | herbert bert | isaac ike zac | jerome jerry | katrina trina |
lucinda cindy | melissa missy | nathan nate | oswald ozzie oz | sarah sally sadie | sara sally | terence terry |
winifred winnie freddie | emmanuel manu | emmanuelle manu | joachim achim jochen | johannes hannes jan hans |
gerhard gerd | dietrich dieter | georg jorg joerg jurgen | ulrike uli rike | friederike rike | angelika geli |
brigitte gitte gitti | sabine bine | matthias matze | eduardo lalo edu duda | enrique quique kike |
alberto beto | roberto beto | guadalupe lupe | dolores lola | concepcion concha conchi | fernando nando |
luis lucho | consuelo chelo | mercedes merche | alejandro jandro | jose ze zeca | francisco chico kiko |
antonio toninho tonino | giuseppe beppe peppe pino | luigi gigi | francesco franco | giovanni gianni nino |
salvatore toto | domenico mimmo | vincenzo enzo | lorenzo renzo | alessandro sandro | alessandra sandra |
eleonora nora | elisabetta betta | margherita rita | cornelis kees cor | willem wim wilhelmus | hendrik henk |
jacobus jaap koos | pieter piet | antonius ton toon | franciscus frans | jakub kuba | malgorzata gosia |
aleksandra ola | katarzyna kasia | tomasz tomek | joanna asia | stanislaw staszek | wojciech wojtek |
grzegorz grzesiek | barbara basia | zbigniew zbyszek | krzysztof krzysiek krzys |
alexander sasha aleksandr shura | alexandra sasha aleksandra | dmitri dmitry dmitriy dima mitya |
mikhail michael misha | ivan vanya | nikolai nikolay nicholas kolya | sergei sergey seryozha |
vladimir vova volodya | evgeny yevgeny evgeniy eugene zhenya | ekaterina katya catherine katherine |
anastasia nastya | tatiana tatyana tanya | aleksei alexey aleksey alexei alyosha lesha | pavel pasha paul |
grigori grigory grisha gregory | konstantin kostya | maria masha | anna anya | anna hannah | yuri yury iouri |
александр саша шура | александра саша шура | алексеи алеша леша | дмитрии дима митя | михаил миша | иван ваня |
николаи коля | сергеи сережа | владимир вова володя | евгении женя | екатерина катя | мария маша | анна аня |
наталья наталия наташа | ольга оля | татьяна таня | елена лена | анастасия настя | юлия юля | павел паша |
константин костя | григории гриша
"""
"""More of them, without those that are the beginning of the full form: every short form of three letters is."""

_COUPLES: Final = """
adrian adriana adrienne | alexander alexandra | aleksander aleksandra | andre andrea andree | carl carla |
christian christina christine christiane | claudio claudia | daniel daniela danielle | dominik dominika |
emil emily emilia emilie | eric erica | erik erika | fabian fabiana fabienne | francis frances | gabriel
gabriela gabriella gabrielle | george georgia georgina | henri henriette | jean jeanne | joel joelle | johann
johanna | josef josefa josefine | joseph josepha josephine | julian julia juliana | justin justina justine |
karl karla | louis louise louisa | luis luisa | manuel manuela | marcel marcela marcella marcelle | martin
martina martine | michael michaela | michal michalina | michel michelle | noel noelle | pascal pascale |
patrick patricia | patrik patricia | paul paula pauline paulina | philip philippa | raphael raphaela raphaelle |
rene renee | robert roberta | roman romana | sebastian sebastiana | simon simone simona | stefan stefanie
stefania | stephan stephanie | valentin valentina valentine | victor victoria | viktor viktoria
"""
"""A man's name, then women's: they begin alike and no one of them is short for the other."""


def _groups_of() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, group in enumerate(f"{_GROUPS}|{_FORMS_ELSEWHERE}".split("|")):
        for name in group.split():
            found.setdefault(name, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


_GROUPS_OF: Final = _groups_of()


def _couples() -> frozenset[frozenset[str]]:
    rows = (row.split() for row in _COUPLES.split("|"))
    return frozenset(frozenset({man, woman}) for man, *women in rows for woman in women)


_COUPLES_OF: Final = _couples()


def other_given_name(a: str, b: str) -> bool:
    """Whether two folded given names are a man's and a woman's, however much they look alike: Paul and Paula."""
    return frozenset({a, b}) in _COUPLES_OF


def same_given_name(a: str, b: str) -> bool:
    """Whether two folded given names are forms of one: Bob and Robert."""
    return not _GROUPS_OF.get(a, frozenset()).isdisjoint(_GROUPS_OF.get(b, frozenset()))
