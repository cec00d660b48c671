"""Short and pet forms of given names in English, French, German and Spanish, accents folded away."""

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


def _groups_of() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, group in enumerate(_GROUPS.split("|")):
        for name in group.split():
            found.setdefault(name, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


_GROUPS_OF: Final = _groups_of()


def same_given_name(a: str, b: str) -> bool:
    """Whether two folded given names are forms of one: Bob and Robert."""
    return not _GROUPS_OF.get(a, frozenset()).isdisjoint(_GROUPS_OF.get(b, frozenset()))
