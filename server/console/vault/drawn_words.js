/** The words of which passphrases are drawn, as in `client/vault/words_english.txt` and `words_serbian.txt`: a test holds them to the same. */

export const ENGLISH = `
acorn actor adapt adorn advice aerial agent agile aisle album algebra almanac almond alpine amber amble ample amuse anchor angle angora animal ankle
antenna anthem antler apple april apron arbor arcade arch arctic arena argon armchair armor aroma artist ascent ashore aspen asphalt aster atlas atom
attend attic auburn audio author autumn avenue avocado backpack bacon badge bagel baker balance balcon ballet bamboo banana band banjo banner barber
bargain barn barrel basil basket batch bath battle beach bead beam bean bear beaver bedrock beech beetle beige belief bell belt bench bend beneath
beret berlin best bike bird biscuit bishop bison blanket blend bless blink block bloom blossom blue board boat bobbin bold bonfire bonus book boot
border born botanic bottle boulder bracelet branch bread brick bridge brief bright bring brisk broad broccoli broom brother brush bubble bucket budget
buffet bugle build bulb bumper bundle bush button cabbage cabin cable cactus cafe cake calcium calendar calf calm camel camp canal candle canoe canvas
cape caramel carbon card carnival carpet carrot carve cascade cashmere castle catalog cauldron cave cedar ceiling cello cement center cereal chair
chalk chamber change chapel check cheese chef cherub chest child chime chip choice chorus cider cinema circle citadel citrus clam clarinet cliff climb
clipper cloak clock close cloth cloud clove cluster coach coal coast cobalt coconut coffee coin cold color column comb come comfort compass condor
console cookie copper coral cord core cork corn corridor cosmos cottage couch courage cousin crab cradle craft crane crater creek crest cricket
crimson crisp crocus crop cruise crumb crust cucumber cupboard curious curl curtain cushion dance dapper daring dash date decade decimal deer delta
denim desk dessert develop dialog diamond dice dinner diploma dispatch dive doctor doll dolphin donate door dough dove dragon draper dream dress drift
drink drive drum duck duet dune dust duvet eagle earth ease east echo elastic elegant elephant eleven ember emblem embrace emerald enamel endless
entrance envelope fabric falcon farm fashion feather fern ferret festival fiber fidget film filter fine finger fish five flag flame flannel flask
flavor fleece flicker flight flock floor flora flour flute foil fold folk footage forest fortune forum fossil fountain frame freight fresh friend frog
front frost fruit fuel funnel furnace gadget gallop game garage garden garlic garnet gecko gentle giant gift ginger giraffe glacier glass gleam glide
glitter globe glove glue goal goat gold golf gondola goose gorilla gourd grace grade grain grand grape grass gravel great green grid grill groove
grove guide guitar habitat hail hair halibut hall hammer hamster hand harbor harp harvest haven heart hectare hedge height helmet herb herd heritage
heron hiking hill holder home honest honor hood hoop horn horse hotel hour house hover humble humor hundred iceberg icicle icon idea igloo image inch
indigo inland inlet inspire invite iron island ivor jacket jade jasmine jeans joke journal jubilee juice jumbo jump junior kangaroo keeper kennel
kernel kettle kiosk kitchen kite kitten knee knit knob ladder lagoon lake lamb lamp land lane lantern laser lattice laurel lava leaf leather lemon
leopard letter lever life lift light lilac limber lime linen lion litre liver loaf loan lobster local loft lotus lounge love luggage lumber lunar
lunch luster lute macaron machine magenta magic magnet magpie mail mamma mandolin mango mantle maple marathon marble march marine mark maroon marsh
mascot mason meal meander medal medium melon melt mentor menu mermaid mesh metal meteor midnight milk mill mineral mint minute miracle mirror mitten
monitor monument moon morning mosaic moss moth motor mount mouse mouth muffin mural muscle museum mushroom music mustard napkin nature nectar needle
nest nickel niece night nine noble noon north note nourish novel nugget number nurse nutmeg oasis oatmeal ocean octagon october olive omelet onion
opera opinion optic oracle orange orbit orchard ordinal origin ornament ostrich otter ounce outdoor outer outline outside oval pace pacific pack
paddle padlock page pagoda paint palace palm pancake panda panel panorama paper paprika parade parcel parent park parrot parsnip part passage pasta
patent path patrol pavilion peace peak peanut pear pebble pedal peel pencil pepper phone photo phrase piano picnic piece pier pigeon pillar pilot pine
pink pipe pitch place plain planet plate plum plus pocket podium poem poet polar pole pollen pomelo pond pool poplar porch port postcard potato potter
pour prime prince prism proud pulp puma pupil puppet purple rabbit radar radio raft rail rain raisin rake ramp ranch random range rapid raven read
recall recipe record rector reef reindeer resort retina rhino ribbon rice rich ride right ring rinse ripple rise river road robin robot rock rodeo
role roll roman roof room rooster root rope rose roster round rover rubber rudder ruffle runner rural rustic saddle saffron sail salad salmon salon
salt salute same sample sand sapling sapphire sardine satchel satin sauce scallop scarf scent school science scone scoop scout screen script scroll
sculptor seal season second semester senate senior sepal serene series sesame shampoo shape sheet shelf shepherd shield shimmer shine ship shirt
shoelace shop shovel sibling sienna sign silk silver simple sister site skate sketch skill skirt slate sleep slice slide slim slumber smile smooth
snack snail soap soccer social sock sofa soft soil solar sole solid solo sonata song soon soprano sound soup source space spade spark speak spectrum
sphere spice spinach spiral splash sponge spoon sport spot spring sprout stadium stair stallion stamp star station steam steel stem step stereo stir
stone stool store stove street string stroll student stuff subject suburb sugar suit summer sunset supper surf sushi table tail talent talk tall
tandem tape target tariff tart teach team temple tenant tender tennis tent thank theater theme thermos thimble thistle thorn thread thrift throne
thumb thunder ticket tide tiger tile till timber time tiptoe toast toffee together token tomato tone tongue tonic tool tooth topic torch tortoise
totem trail transit travel treasure tree triangle tribe trio tropical truck trumpet trunk tuba tube tulip tumble tuna tunnel turban turf turnip turtle
tutor umbrella uniform universe update uphill upon urban usher vacation vacuum vanilla vase vast vault velvet venue verb verse vest viaduct vibrant
victor video village vine vintage violet virtue visit vitamin vocal voice volcano volume
`.trim().split(/\s+/);

export const SERBIAN = `
adresa agent ajkula akcija akord aktivan alat album aleja alka ambar ananas anegdota anketa antena apetit apoteka april arena arija arkada armatura
aroma artikal asfalt aspirin atelje atlas atlet atom august autobus avenija avgust avion babica badem bager bagrem bajka bakar baklava balada balkon
balon bambus banana bandera banka barel barka barok basen basna baterija bela beleg benin berba beretka beton bicikl bife biljka bilo biser bistro
bivol blago blato blistav blok boca bodlja bogat boja bokal bokser bolnica bonbon brana brdo breg breskva briga brod broj brokoli brusnica bubanj
bubica budilnik budu bujica buket bukva bunar bunda burek butik carina cedar cela celer celina cement cena centar cepelin cifra cigla cilj cimet
cipela cirkus cistern citat citra civil crveno cvekla cvet cvrkut dabar dadilja daleko daljina dama daska deda dekada dekor delfin delo delta desert
detalj detelina devojka dijamant dimnjak dinar dinja diploma disk divan divno dlan dnevnik dobrota dodatak dogovor doktor dolina domet domovina
dragulj drama dremka drum drvo duga dugme dugo duhovit dukat dunja durbin duvan dvor ekipa ekran elegija element elipsa emajl enigma epilog epoha esej
esnaf estrada etapa etiketa evropa fabrika fabula farba farma fasada fauna februar fenjer festival figura fijoka filc film filter finale fino firma
flamingo flauta flota fokus folija forma forum fosil foto frak freska frigider front frula fudbal funta furuna gajba gajde gajtan gala galeb galop
gavran gips gitara glas glatko glava glina globus gluma godina golf golub gora gorivo gornji gorski gospodin gost gotov govor grad grafit gram grana
greben greda grip grlo grudva grumen grupa guma gumb gusar gusenica guska gust halo harfa hektar helij himna hlad hleb hobi hodnik hokej hotel hram
hrana hrast hrom humak humor hurma ideja idila igla iglica igra ikona imanje imenik inje insekt iris iskra istina istorija iver ivica jablan jabuka
jagoda jaje jaka jama janje jantar januar jara jarebica jasen jasmin jato java javor jedan jelen jelka jelovnik jesen jetra joga jogurt jorgovan judo
juha junak jutarnji jutro kabel kabina kabl kada kafa kajak kakao kaktus kalem kalup kamen kamion kanal kanta kanu kapa kapela kapija kapljica kaput
karika karta kasa kaseta katran kedar keks kelner keramika kesa kesten kifla kikiriki kila kimono kino kiosk kivi klavir klesar kliker klima klin
klompa klovn klub klupa knedla knjiga kobila kocka kofa kofer koka kokos kola koleno koliba kolona kolut komet komoda kompas konj kopar kopija kopno
korak koren korito korner korpa kostim kotao kotur kovanica kraj krater kreda kreker krem krevet krigla krila krofna kroj krov krpa krtica krug kruna
kula kulisa kumin kuna kupa kupina kupola kupus kurir kutija kuvar kvarc kvasac labud ladica lakat lama lampa lane lasta latica lava lavirint lavor
ledina lenjir lenta lepak lepota leptir lesnik lestvica leto libela lider liga lila liman limeta limun linija lipa lira lisica list litar litica
livada ljubav ljudi ljupko ljuska lokal lokum lokva lonac lopata lopov lopta losos lotos lovor lubenica luka lula luna lupa luster lutka magija magla
magnet mahovina majica majka majmun maketa mala malina malter mama mandarin mapa maramica marcipan marina marka mart matica medved mehur melodija
mentor mesec mesing mesto metal meteor metla metoda metro mikrofon mikser milina milost mimika minut miris mirno mirta misao mleko mlin mnogo moda
model molba moment morska most motel motika motor mramor mrkva mrlja mrvica mudar mudrost muka multi munja muskul musli nada napitak narcis nauk nebo
nedelja neko nerv neto nevesta nijansa nimfa njiva noga noma nosorog notar novembar novi novost obala oblak obojen obred odbor odelo oglas ograda
ogrev okean oker okno okolina okret okrug oktava oktobar okus okvir olovka oluja omot opanak opeka opera opis opna optika orah oranje orao orden organ
orkestar ormar ortak osmeh osmica ostrvo osvit oval ovan ovas ovca padina pagoda paket palata paleta palma paluba pamet pamuk panda panel panorama
papagaj papir paprika parfem park parobrod pasulj pateka patika patka pauk paun pecivo pedala pegla pehar pekar pelin penal pepeo peraja pero pertla
pesma pesnik petak petica pijaca pikado piknik pila piljar pilot pionir pipeta pisac pismo pista pita pivara pivo pladanj plafon plamen plan plata
plavi plen pleten plima plod ploter plovak plug plut pobeda podela podium podne podrum poema poeta pojam poklon pokrov polica polje pomo ponos porast
port poruka poseta poster potok pramen prase pravda prijem princ proja prolog prva puding pulover pult pumpa pupak pupoljak puran pustinja puter
putnik radijus radnik radost raketa rakija rakun rame rampa ranac rano rasa ratar ravan rebro rebus recept reljef repa restoran revija ribar rima
ritam riva robot roda roditelj rolada roler roman romb rosa rotkva rubin ruda rudnik ruho rukav rukopis rulet rumen runo safari safir saga saksija
salata salon salva samo sandale sapun sara sardina sarma sastanak satelit savana savet sedam sedef sedlo seljak selo semafor seme senka seno serenada
serija serum sestra setva sever sfera sfinga sidr signal silan silos simbol sirena siva skakavac skala skela skija sklad skorup skup skuter slalom
slama slap slatko slava sleva slika sloboda slon slovo sluh smaragd smeh smelo smena smer smola snimak snop soba sofa sokak soko sonata sonet sopran
sova spev spirala spoj spomen sport sprat sprega srce srebro sreda sreten srna stado staklo stan star statua stavka stena stih stil stolica stona
stranica strela strofa stub studija stup subota suknja sunce supa susret suton sutra svadba sveska sveti svila svirala svitac tabla taktika talas
talent talija talog tama tango tanjir tantal tapeta tast tata tavan tegla tekma tekst telefon telo tema temelj tempo tenis tenor teorija tepih terasa
termos tesar test tetka tiganj tikva tinta tipka tirkis titan tkanina tkivo toalet tonik topao toplota topola toranj torba tornado torta totem tovar
trag traka tramvaj trava tren trio trofej trska trupa tuba tucet tulipan tundra tunel tunj tura turban turist turnir tuta ubrus udoban ugalj ugao
ugled ugodno ugovor ujak ukras ukus ulica ulje ulov umetnik umor unija unuka upis upit uplata uran usev usna uspeh uspon usta uteha utorak uvala uvod
vaga vagon valcer valjak valuta vanila vapor varivo vatromet vedar vedro vekna venac ventil veranda veselje vesla vest vetar veverica video vidra vila
vino violina visina vitamin vitraj vlak voda vodenica vodi vodopad volja vosak vrabac vrata vrba vreme vrhunac vrlina vrtlar vulkan vuna
`.trim().split(/\s+/);
