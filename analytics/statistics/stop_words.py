"""Words that say nothing by themselves, by language (ISO 639-1): casefolded."""

_WORDS = {
    "en": """a about after all also am an and any are as at be because been before being but by can
        could did do does don't for from get had has have he her here him his how i i'm if in into
        is isn't it it's its just like me more most much my no nor not of off on only or other our
        out over own s same she should so some such t than that the their them then there these
        they this those through to too under until up us very was wasn't we were what when where
        which while who whom why will with would you your yours""",
    "de": """aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei
        bin bis bist da damit dann das dass dein deine dem den denn der des dich die dies diese
        diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es
        etwas euch euer für gegen gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm
        ihn ihnen ihr ihre im in ins ist ja jede jedem jeden jeder jedes jetzt kann kein keine
        keinen können man mehr mein meine mich mir mit nach nicht nichts noch nun nur ob oder ohne
        sehr sein seine sich sie sind so soll sondern sonst um und uns unser unter viel vom von vor
        war waren was weil welche wenn wer werde werden wie wieder will wir wird wirst wo wurde
        wurden zu zum zur zwar zwischen über""",
    "fr": """a ai ainsi alors au aucun aussi autre aux avait avant avec avoir bien c'est ce cela ces
        cet cette chez comme d'un d'une dans de des donc du elle elles en encore est et était
        étaient été être eu eux fait faire il ils j'ai je l'on la le les leur leurs lui ma mais me
        même mes moi mon n'est ne nos notre nous on ont ou où par parce pas peu peut plus pour
        pourquoi qu'il quand que quel quelle qui s'il sa sans se sera ses si son sont sous sur ta te
        tes toi ton tous tout toute toutes très trop tu un une vos votre vous y à ça""",
    "es": """a al algo algunos ante antes así aunque cada como con contra cual cuando de del desde
        donde dos durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos esta
        está estaba están estar estas este esto estos fue fueron ha han hasta hay he la las le les
        lo los más me mi mis mucho muchos muy nada ni no nos nosotros nuestra nuestro o os otra otro
        otros para pero poco por porque pues que qué quien se sea ser si sí sido sin sobre son su
        sus también tan tanto te tener tiene tienen todo todos tu tus un una uno unos usted y ya
        yo""",
    "it": """a abbiamo ad agli ai al alla alle allo anche ancora avere c'è che chi ci cioè col come
        con contro cosa così cui da dagli dai dal dalla dalle dei del dell della delle dello dentro
        di dopo dove due e è ed era erano essere fa fra già gli ha hai hanno ho i il in io l la le
        lei li lo loro lui ma me mi mia mio molto ne nei nel nella nelle nessuno no noi non nostra
        nostro o ogni per perché però più po' poco poi qual quale quando quanto quella quelle quelli
        quello questa queste questi questo qui sei sempre senza si sì sia siamo sono sta stata stato
        su sua sul sulla suo suoi te ti tra troppo tu tua tuo tutti tutto un una uno va vi voi""",
    "pt": """a à ainda além algo alguns ao aos apenas após aquela aquele aquilo as às assim até cada
        com como da das de dela dele deles depois do dos e é ela elas ele eles em entre era eram
        essa essas esse esses esta está estão estar estas estava este estes eu faz foi for foram há
        isso isto já lhe mais mas me mesmo meu meus minha muito muitos na não nas nem no nos nós
        nossa nosso num numa o os ou para pela pelas pelo pelos por porque pouco pra quais qual
        quando que quem se sem sempre ser será seu seus só são sobre sua suas também te tem têm
        tenho ter teu tinha todos tudo tu um uma uns você vocês""",
    "nl": """aan af al alle alles als altijd andere ben bij dan dat de der deze die dit doch doen
        door dus een eens en er ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun
        iemand iets ik in is ja je jij jou jouw kan kon kunnen maar me meer men met mij mijn moet na
        naar niet niets nog nu of om omdat onder ons onze ook op over reeds te tegen toch toen tot u
        uit uw van veel voor waar want waren was wat we wel werd wezen wie wij wil worden wordt zal
        ze zeer zelf zich zij zijn zo zonder zou""",
}
STOP_WORDS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
LANGUAGES = tuple(STOP_WORDS)
EVERY_LANGUAGE = frozenset[str]().union(*STOP_WORDS.values())
