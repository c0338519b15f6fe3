"""What the made-up Netherlands owns: kinds, brands and models, with how their numbers are formed.

A row is kind, brand, share within the kind, form of the number, and the models with their price
when new in euro. After a model may stand its article number, between `@` and `=`.
"""

from typing import Final

Row = tuple[str, str, float, str, str]

IDENTIFIER_OF_KIND: Final = {
    "bicycle": "frame", "e_bike": "frame", "cargo_bike": "frame", "phone": "imei",
    "car": "vin", "motorcycle": "vin", "moped": "vin",
}  # fmt: skip
"""What the number of a kind is called; a serial where the kind is not named."""

BICYCLES: Final[tuple[Row, ...]] = (
    ("bicycle", "Gazelle", 20, "GZ#######", "Orange C7=849; Esprit C7=649; Chamonix C7=899; "
     "Paris C7=749; Puur NL=699; Tour Populaire=799; HeavyDutyNL=749; Classic=599"),
    ("bicycle", "Batavus", 14, "BA#######", "Dinsdag=729; Mambo=629; Diva=649; Fonk=679; "
     "Quip=799; Personal Bike=749"),
    ("bicycle", "Cortina", 9, "CU########", "U4=699; U1=599; Common=549; Roots=649"),
    ("bicycle", "Sparta", 7, "SP########", "Pick-Up=699; Country Tour=749; Athena=649"),
    ("bicycle", "Giant", 6, "GK#@######", "Escape 2=599; TCR Advanced=2199; Talon 29=749; "
     "Defy=1799"),
    ("bicycle", "Union", 5, "UN#######", "Fast=499; Flow=549; Lite=599"),
    ("bicycle", "Trek", 4, "WTU###@####@", "FX 2=649; Domane AL 2=1149; Marlin 5=629"),
    ("bicycle", "Popal", 5, "PP######@#", "Daily Dutch=349; Omafiets=299; Capri=329"),
    ("bicycle", "Altec", 4, "AL########", "Verona=329; Urban=299; London=379"),
    ("bicycle", "BSP", 3, "BS########", "Metropole=599; Rocky=549; Estate=649"),
    ("bicycle", "Koga", 2, "KM########", "F3 3.0=1399; WorldTraveller=2499; Colmaro=1299"),
    ("bicycle", "Cube", 3, "WOW#####@####@", "Attain=1099; Nature=799; Aim=599"),
    ("bicycle", "Specialized", 2, "WSBC########@", "Allez=1199; Sirrus 2.0=749; Rockhopper=849"),
    ("bicycle", "Cannondale", 1, "CD@######@", "Quick 4=799; Topstone=1899; Synapse=1799"),
    ("bicycle", "Merida", 1, "WC#####@#####", "Scultura 200=1199; Crossway 20=699"),
    ("bicycle", "Burgers", 3, "BU#######", "Ruwaard=549; Transport=499"),
    ("e_bike", "Gazelle", 22, "GZ#######", "Ultimate C380=3699; Orange C310=2699; "
     "Grenoble C7=2299; Ami C8=2499; Esprit C7 HMS=1999"),
    ("e_bike", "Batavus", 14, "BA#######", "Finez E-go=2799; Dinsdag E-go=2299; Altura E-go=2599"),
    ("e_bike", "Sparta", 10, "SP########", "d-Burst=3099; c-Grid=2599; a-Lane=2199"),
    ("e_bike", "Stella", 9, "ST########", "Livorno=2499; Morena=2199; Vicenza=2999"),
    ("e_bike", "Cortina", 7, "CU########", "E-U4=2099; E-Common=1999; E-Octa=2399"),
    ("e_bike", "VanMoof", 8, "AS@##########", "S3=2198; X3=2198; S5=2998"),
    ("e_bike", "Giant", 5, "GK#@######", "DailyTour E+ 1=3099; Entour E+ 2=2299"),
    ("e_bike", "Qwic", 4, "QW#########@", "Premium MN7=3299; Performance MD11=3899"),
    ("e_bike", "Cube", 4, "WOW#####@####@", "Reaction Hybrid=2799; Kathmandu Hybrid=3499"),
    ("e_bike", "Tenways", 4, "TW@#########", "CGO600=1699; CGO800S=1899"),
    ("e_bike", "Phatfour", 5, "PHF########", "FLB+=1699; FLX=1999"),
    ("e_bike", "Ouxi", 6, "OX**########", "V8=999; H9=1149"),
    ("cargo_bike", "Urban Arrow", 35, "UA#########@", "Family=5890; Shorty=5490"),
    ("cargo_bike", "Babboe", 30, "BB########@", "Curve Mountain=4499; City=1899; Mini-E=2999"),
    ("cargo_bike", "Bakfiets.nl", 15, "BFN#######", "Cargobike Long=2099; Classic Long=3899"),
    ("cargo_bike", "Gazelle", 10, "GZ#######", "Makki Load=5499; Makki Travel=4999"),
    ("cargo_bike", "Vogue", 10, "VG########", "Carry=1099; Troy=1599"),
    ("electric_step", "Segway-Ninebot", 45, "N4GS@####@####", "MAX G30=799; E22E=449"),
    ("electric_step", "Xiaomi", 40, "27###/########", "Mi Pro 2=449; Mi Essential=349"),
    ("electric_step", "Kugoo", 15, "KG**######@#", "M4 Pro=699; S1=349"),
)  # fmt: skip

VEHICLES: Final[tuple[Row, ...]] = (
    ("car", "Volkswagen", 14, "WVW", "Golf=31000; Polo=24000; Up!=17500; Passat=42000"),
    ("car", "Opel", 9, "W0L", "Corsa=22000; Astra=29000; Karl=15000"),
    ("car", "Peugeot", 9, "VF3", "208=23000; 108=15500; 308=30000"),
    ("car", "Renault", 9, "VF1", "Clio=22000; Mégane=29000; Twingo=16000"),
    ("car", "Toyota", 8, "VNK", "Yaris=23000; Aygo=15500; Corolla=32000"),
    ("car", "Ford", 8, "WF0", "Fiesta=22500; Focus=29500; Transit=41000"),
    ("car", "Kia", 6, "KNA", "Picanto=16500; Rio=20500; Niro=36000"),
    ("car", "BMW", 5, "WBA", "118i=39000; 320i=51000"),
    ("car", "Audi", 5, "WAU", "A3=39500; A4=52000; A1=29500"),
    ("car", "Mercedes-Benz", 4, "WDD", "A 180=40500; C 200=54000; Vito=46000"),
    ("car", "Fiat", 5, "ZFA", "500=18500; Panda=15500; Ducato=43000"),
    ("car", "Citroën", 5, "VF7", "C1=15000; C3=22500; Berlingo=29000"),
    ("car", "Volvo", 4, "YV1", "V40=33500; V60=49500; XC40=46500"),
    ("car", "Škoda", 4, "TMB", "Octavia=34000; Fabia=21500; Citigo=15500"),
    ("car", "SEAT", 3, "VSS", "Ibiza=22500; Leon=29500; Mii=15000"),
    ("car", "Tesla", 1, "5YJ", "Model 3=47000; Model S=95000"),
    ("motorcycle", "Yamaha", 24, "JYA", "MT-07=8299; Ténéré 700=11499; YZF-R6=14999"),
    ("motorcycle", "Honda", 22, "JH2", "CB500F=7399; CBR650R=10399; Africa Twin=16499"),
    ("motorcycle", "Kawasaki", 18, "JKA", "Z650=8199; Ninja 400=7199; Z900=10699"),
    ("motorcycle", "BMW", 18, "WB1", "R 1250 GS=21500; F 900 R=11500"),
    ("motorcycle", "Suzuki", 10, "JS1", "SV650=7999; V-Strom 650=9999"),
    ("motorcycle", "KTM", 8, "VBK", "390 Duke=6299; 790 Adventure=13499"),
    ("moped", "Piaggio", 34, "ZAP", "Zip SP=1999; Zip 2000=1899"),
    ("moped", "Vespa", 22, "RP8", "Primavera 50=3699; Sprint 50=3899"),
    ("moped", "SYM", 16, "RFG", "Fiddle II=1849; X-Pro=1949"),
    ("moped", "Kymco", 12, "RFB", "Agility 50=1749; Like 50=2099"),
    ("moped", "Peugeot", 8, "VGA", "Kisbee=1899; Django=2799"),
    ("moped", "Niu", 8, "R1N", "NQi Sport=2799; MQi+=2399"),
)  # fmt: skip

PHONES: Final[tuple[Row, ...]] = (
    ("phone", "Apple", 42, "F*@@#*@*****",
     "iPhone 11@A2221=809; iPhone 12@A2403=909; iPhone 12 Pro@A2407=1159; iPhone 13@A2633=909; "
     "iPhone 13 Pro@A2638=1159; iPhone 14@A2882=1019; iPhone 14 Pro@A2890=1329; "
     "iPhone 15@A3090=969; iPhone 15 Pro@A3102=1229; iPhone SE 2020@A2296=489; "
     "iPhone XR@A2105=859; iPhone 16@A3287=969"),
    ("phone", "Samsung", 34, "R5*@#*****@",
     "Galaxy S20@SM-G981B=999; Galaxy S21@SM-G991B=849; Galaxy S22@SM-S901B=849; "
     "Galaxy S23@SM-S911B=949; Galaxy S24@SM-S921B=899; Galaxy S23 Ultra@SM-S918B=1399; "
     "Galaxy A52@SM-A525F=349; Galaxy A53@SM-A536B=449; Galaxy A54@SM-A546B=499; "
     "Galaxy A14@SM-A145R=199; Galaxy Z Flip4@SM-F721B=1099"),
    ("phone", "Google", 5, "#@*#%####*@#**", "Pixel 6@GB7N6=649; Pixel 7@GVU6C=649; "
     "Pixel 7a@G82U8=509; Pixel 8@G9BQD=799"),
    ("phone", "Xiaomi", 6, "###**/F#@@#####", "Redmi Note 11@2201117TG=229; "
     "Redmi Note 12@23021RAAEG=249; Mi 11@M2011K2G=799; 13T@2306EPN60G=649"),
    ("phone", "OnePlus", 4, "@#****@#@#", "Nord 2@DN2103=449; 9 Pro@LE2123=899; 11@CPH2449=849"),
    ("phone", "OPPO", 3, "#@****#@##", "A54s@CPH2273=229; Find X5@CPH2307=999; Reno8@CPH2359=599"),
    ("phone", "Motorola", 3, "ZY22#*****", "Moto G52@XT2221-1=249; Edge 30@XT2203-1=499"),
    ("phone", "Fairphone", 1, "FP##@######", "Fairphone 4@FP4=579; Fairphone 5@FP5=699"),
    ("phone", "Nokia", 2, "NB1G@#####@#", "G21@TA-1418=199; X20@TA-1341=349"),
    ("tablet", "Apple", 55, "DM*@@*@*****",
     "iPad 2021@A2602=389; iPad Air 2020@A2316=669; iPad Pro 11@A2377=899; iPad 2022@A2696=589"),
    ("tablet", "Samsung", 32, "R9*@#*****@", "Galaxy Tab A8@SM-X200=229; "
     "Galaxy Tab S7@SM-T870=699; Galaxy Tab S8@SM-X700=749"),
    ("tablet", "Lenovo", 13, "HA1#@*####", "Tab M10@TB-X606F=199; Tab P11@TB-J606F=299"),
)  # fmt: skip

ELECTRONICS: Final[tuple[Row, ...]] = (
    ("laptop", "Apple", 24, "C02@@##@@@@#",
     "MacBook Air M1@A2337=1129; MacBook Air M2@A2681=1329; MacBook Pro 13@A2338=1449; "
     "MacBook Pro 14@A2442=2249"),
    ("laptop", "Hewlett-Packard", 22, "5CG####@@#",
     "ProBook 450 G8@2X7X4EA=849; EliteBook 840 G7@1J5U1EA=1299; Pavilion 15@6B8D8EA=749; "
     "15s-fq2@4R9A1EA=599"),
    ("laptop", "Lenovo", 18, "PF*@**@#", "ThinkPad T14@20W0=1299; IdeaPad 5@82LN=749; "
     "ThinkPad L13@20VH=949; Yoga Slim 7@82A3=999"),
    ("laptop", "Dell", 12, "#@*@***", "Latitude 5420@P137G=1199; XPS 13@P117G=1499; "
     "Inspiron 15@P112F=699"),
    ("laptop", "Acer", 11, "NXHV#EH###########@##", "Aspire 5@A515-56=699; Swift 3@SF314-59=799; "
     "Nitro 5@AN515-57=1099"),
    ("laptop", "ASUS", 10, "M@N0CV######@##@", "VivoBook 15@X515EA=599; ZenBook 14@UX425EA=999; "
     "TUF Gaming F15@FX506HC=1099"),
    ("laptop", "Microsoft", 3, "02#########@", "Surface Laptop 4@1950=1149; Surface Go 2@1926=629"),
    ("desktop", "Hewlett-Packard", 38, "CZC####@@#", "EliteDesk 800 G6@1D2Y6EA=949; "
     "Pavilion TP01@4V5F5EA=699"),
    ("desktop", "Dell", 26, "@#@@##@", "OptiPlex 7080@D28M=999; Alienware Aurora@D24M=1999"),
    ("desktop", "Apple", 20, "C07@@##@@@@#", "iMac 24@A2438=1669; Mac mini@A2348=799"),
    ("desktop", "Lenovo", 16, "S4@#**@#", "ThinkCentre M70q@11DT=749; Legion T5@90RC=1299"),
    ("console", "Sony", 46, "@J#########@", "PlayStation 5@CFI-1116A=549; "
     "PlayStation 4 Pro@CUH-7216B=399; PlayStation 4@CUH-2216A=299"),
    ("console", "Nintendo", 38, "XK@7##########", "Switch@HAC-001(-01)=299; "
     "Switch OLED@HEG-001=349; Switch Lite@HDH-001=219"),
    ("console", "Microsoft", 16, "0#########17", "Xbox Series X@1882=499; Xbox Series S@1883=299; "
     "Xbox One S@1681=249"),
    ("camera", "Canon", 34, "4##########7", "EOS 250D@DS126761=599; EOS R6@DS126831=2599; "
     "EOS 5D Mark IV@DS126601=2799"),
    ("camera", "Nikon", 20, "6######", "D3500@N1718=499; Z6@N1710=1999; D850@N1610=2999"),
    ("camera", "Sony", 22, "S01-#######-@", "Alpha 7 III@ILCE-7M3=2199; Alpha 6400@ILCE-6400=999"),
    ("camera", "Fujifilm", 8, "#@@#####", "X-T4@FF190003=1899; X100V@FF190005=1499"),
    ("camera", "GoPro", 16, "C3@###########", "HERO9 Black@SPBL1=429; HERO11 Black@SPBL11=549"),
    ("drone", "DJI", 100, "1581F*@@@#######*", "Mini 2@MT2PD=459; Mavic Air 2@MA2UE1N=849; "
     "Mini 3 Pro@MT3M3VD=829"),
    ("television", "Samsung", 40, "0@@#3@@@#####@", "UE43TU7020@UE43TU7020WXXN=429; "
     "QE55Q60A@QE55Q60AAUXXN=799"),
    ("television", "LG", 26, "###MA@@#@###", "OLED55C1@OLED55C1PUB=1499; 43UP7500@43UP75006LF=449"),
    ("television", "Philips", 22, "UH#A##########", "43PUS7906@43PUS7906/12=549; "
     "55OLED706@55OLED706/12=1399"),
    ("television", "Sony", 12, "7#####@#", "KD-50X80J@KD50X80JAEP=799; XR-55A80J@XR55A80JAEP=1699"),
    ("audio", "Sonos", 24, "34-7E-5C-%%-%%-%%:#", "One@S18=229; Beam@S14=499; Move@S17=449"),
    ("audio", "JBL", 26, "TL#@@@#######", "Charge 5@JBLCHARGE5=179; Xtreme 3@JBLXTREME3=299; "
     "Boombox 2@JBLBOOMBOX2=449"),
    ("audio", "Bose", 16, "07#@@########AE", "SoundLink Revolve@419357=219; QC 45@866724=349"),
    ("audio", "Bang & Olufsen", 8, "27######.####", "Beoplay A1@1734=249; Beosound 2@1209=1999"),
    ("audio", "Sony", 18, "30######@@", "WH-1000XM4@WH1000XM4=379; SRS-XB43@SRSXB43=229"),
    ("audio", "Marshall", 8, "MA@@####@##", "Stanmore II@1001902=349; Emberton@1001908=149"),
    ("appliance", "Miele", 24, "#@/1########", "Complete C3@SGDF3=289; W1@WCA030=949"),
    ("appliance", "Philips", 22, "TW#########@#", "LatteGo 3200@EP3246=549; Airfryer@HD9650=299"),
    ("appliance", "Dyson", 18, "NM7-EU-@@@####@", "V11@SV14=599; V8@SV10=399; Airwrap@HS01=499"),
    ("appliance", "De'Longhi", 14, "##@@###@##", "Magnifica S@ECAM22110=399; Dinamica@ECAM350=599"),
    ("appliance", "KitchenAid", 10, "WH######@#", "Artisan@5KSM175=699; Classic@5KSM45=449"),
    ("appliance", "Bosch", 12, "FD@########", "Serie 4@WAN28075=549; Serie 6@KGN39AICT=799"),
)  # fmt: skip

WORKSHOP: Final[tuple[Row, ...]] = (
    ("power_tool", "Makita", 34, "#######@Y", "DHP482=159; DTD153=169; HR2630=219; DGA504=189"),
    ("power_tool", "DeWalt", 18, "20## ##-@# ######", "DCD796=179; DCF887=169; D25133K=209"),
    ("power_tool", "Bosch", 18, "3601@#####@####", "GSR 18V-55=159; GBH 2-26=199; GWS 18V-10=179"),
    ("power_tool", "Milwaukee", 10, "4#### ## @######", "M18 FPD2=199; M18 FID2=179; M12 FPD=139"),
    ("power_tool", "Hilti", 9, "@@######@", "TE 2-A22=599; SF 6H-A22=489; TE 7-C=649"),
    ("power_tool", "Festool", 6, "5#########@@", "TS 55 REBQ=549; T 18+3=399; ETS 150=429"),
    ("power_tool", "Metabo", 5, "600######@@", "SB 18 LT=189; W 18 LTX=219"),
    ("tool", "Stihl", 30, "1########@", "MS 170=199; MS 261 C=749; FS 55=279"),
    ("tool", "Husqvarna", 20, "20########@@", "135 Mark II=279; 545 Mark II=699"),
    ("tool", "Gedore", 18, "GD@#####", "1500 ES-160=389; Dremaplus=219"),
    ("tool", "Facom", 16, "FA@######", "CM.110=459; JET6=1199"),
    ("tool", "Kärcher", 16, "01######@@", "K 5=329; K 4 Power Control=269"),
    ("instrument", "Fender", 24, "MX########", "Stratocaster=749; Telecaster=769; Jazz Bass=849"),
    ("instrument", "Gibson", 14, "2########@", "Les Paul Standard=2599; SG Standard=1799"),
    ("instrument", "Yamaha", 26, "U@@@######", "P-125=649; YAS-280=999; Pacifica 112=329"),
    ("instrument", "Roland", 14, "Z#@#####", "FP-30X=699; TD-17KV=1699"),
    ("instrument", "Ibanez", 14, "I#########@", "RG421=449; SR300E=399"),
    ("instrument", "Selmer", 8, "N######@", "Reference 54=5899; Series III=4799"),
    ("outboard_motor", "Yamaha", 36, "6E@@S#######", "F5=1349; F2.5=899; F20=3399"),
    ("outboard_motor", "Mercury", 22, "0R######@", "F6=1399; F20=3499; F2.5=849"),
    ("outboard_motor", "Honda", 18, "BZ@J#######", "BF5=1499; BF2.3=999; BF20=3599"),
    ("outboard_motor", "Tohatsu", 14, "###@@######X", "MFS 6=1299; MFS 9.8=2199"),
    ("outboard_motor", "Suzuki", 10, "00#02F-#######", "DF6=1399; DF20=3399"),
    ("car_part", "Volkswagen", 24, "5G0#######@@@", "airbagset=900; navigatiesysteem=1400; "
     "velgenset 17 inch=800"),
    ("car_part", "BMW", 22, "61#######-@@", "navigatiesysteem=1900; stuur=700; koplampset=2200"),
    ("car_part", "Toyota", 16, "17410-@#####", "katalysator=1300; velgenset 15 inch=500"),
    ("car_part", "Mercedes-Benz", 14, "A#########@@", "airbagset=1200; koplampset=1900"),
    ("car_part", "Peugeot", 12, "98######80@", "katalysator=900; versnellingsbak=1100"),
    ("car_part", "Ford", 12, "KV6#-######-@@", "airbagset=850; velgenset 16 inch=600"),
)  # fmt: skip

VALUABLES: Final[tuple[Row, ...]] = (
    ("watch", "Rolex", 8, "*@*#**@#", "Submariner@126610LN=9950; Datejust 41@126300=7900; "
     "GMT-Master II@126710=10400"),
    ("watch", "Omega", 7, "8######@", "Seamaster 300=5500; Speedmaster=6900"),
    ("watch", "TAG Heuer", 6, "@@@####", "Carrera=3200; Aquaracer=2400; Formula 1=1500"),
    ("watch", "Breitling", 4, "5######@", "Navitimer=8100; Superocean=4300"),
    ("watch", "Seiko", 18, "#@#####", "Prospex=450; Presage=429; 5 Sports=279"),
    ("watch", "Apple", 26, "G*@@#*@*****", "Watch Series 6@A2291=429; Watch SE@A2351=299; "
     "Watch Series 8@A2771=499"),
    ("watch", "Garmin", 14, "6@@######", "Fenix 6=599; Forerunner 245=299; Venu 2=399"),
    ("watch", "Casio", 17, "###@###@", "G-Shock GA-2100=99; Edifice=149"),
    ("ring", "", 96, "J@#####", "=0"),
    ("ring", "Cartier", 3, "#####@", "Love=1790; Trinity=1290"),
    ("ring", "Pandora", 1, "PA@#####", "Signature=69"),
    ("necklace", "", 97, "JK@#####", "=0"),
    ("necklace", "Choices by DL", 3, "##@##@@", "Initials=399"),
    ("coin", "", 100, "", "=0"),
    ("gold_scrap", "", 100, "", "=0"),
    ("metal_scrap", "", 100, "", "=0"),
    ("painting", "", 100, "", "=900"),
    ("silverware", "", 94, "ZS@####@", "=0"),
    ("silverware", "Van Kempen", 6, "VK@####@", "Haags lofje=1200; Dubbelfilet=980"),
    ("household", "", 100, "", "=60"),
)  # fmt: skip

ROWS: Final = BICYCLES + VEHICLES + PHONES + ELECTRONICS + WORKSHOP + VALUABLES

BRAND_ALIASES: Final = {
    "Hewlett-Packard": ("HP", "Hewlett Packard"),
    "Volkswagen": ("VW",),
    "Mercedes-Benz": ("Mercedes",),
    "Citroën": ("Citroen",),
    "Škoda": ("Skoda",),
    "Kärcher": ("Karcher",),
    "Bang & Olufsen": ("B&O",),
    "VanMoof": ("Van Moof",),
    "De'Longhi": ("Delonghi",),
    "LG": ("LG Electronics",),
}
"""Other ways in which a brand is written."""

COLOURS: Final = {
    "bicycle": ("zwart", "zwart", "zwart", "grijs", "blauw", "wit", "groen", "rood", "bruin"),
    "e_bike": ("zwart", "zwart", "grijs", "grijs", "blauw", "wit", "groen"),
    "cargo_bike": ("zwart", "grijs", "bruin", "wit"),
    "electric_step": ("zwart", "grijs"),
    "phone": ("zwart", "wit", "blauw", "grijs", "goud", "paars", "rood", "groen"),
    "car": ("grijs", "zwart", "wit", "blauw", "rood", "zilver"),
    "motorcycle": ("zwart", "rood", "blauw", "groen", "wit"),
    "moped": ("zwart", "wit", "grijs", "rood", "groen"),
    "power_tool": ("blauw", "geel", "zwart", "rood"),
    "instrument": ("zwart", "bruin", "rood", "wit"),
}
"""Colours by kind, as often as they stand there; the other kinds are described without."""

DESCRIPTIONS: Final = {
    "bicycle": ("damesfiets", "herenfiets", "stadsfiets met krat", "racefiets", "kinderfiets",
                "damesfiets met mand", "moederfiets", "transportfiets"),
    "e_bike": ("elektrische damesfiets", "elektrische herenfiets", "middenmotor, accu aanwezig",
               "zonder lader", "fatbike"),
    "cargo_bike": ("met huif", "tweewieler met bak", "driewieler met regenhoes"),
    "painting": ("olieverf, landschap met molen", "aquarel, havengezicht", "stilleven in lijst",
                 "zeefdruk, gesigneerd", "portret van een vrouw"),
    "household": ("doos serviesgoed", "eethoekstoelen", "boeken", "lampen", "speelgoed",
                  "salontafel", "kinderwagen", "kleding", "spiegel", "wandklok"),
    "car_part": ("gedemonteerd", "gebruikt, compleet", "zonder papieren"),
    "phone": ("barst in scherm", "nette staat", "met doos", "zonder lader", "refurbished"),
    "laptop": ("met lader", "zonder lader", "deuk in klep", "qwerty"),
    "tool": ("gebruikssporen", "in koffer", "met toebehoren"),
    "power_tool": ("met twee accu's", "in koffer", "zonder accu", "met lader"),
    "console": ("met controller", "met twee controllers en spellen", "zonder kabels"),
}  # fmt: skip
"""Free text by kind; the other kinds come without."""

_GOLD, _SILVER = 85.0, 0.95

MATERIALS: Final[dict[str, tuple[tuple[str, int, float, int, int], ...]]] = {
    "ring": (
        ("gouden ring met steen", 585, _GOLD, 2_400, 7_000),
        ("trouwring met inscriptie", 585, _GOLD, 2_500, 6_500),
        ("zegelring", 585, _GOLD, 5_000, 14_000),
        ("witgouden ring", 750, _GOLD, 2_500, 7_000),
        ("gouden ring 8 karaat", 333, _GOLD, 2_000, 6_000),
        ("zilveren ring", 925, _SILVER, 2_000, 9_000),
    ),
    "necklace": (
        ("gouden ketting, jasseronschakel", 585, _GOLD, 6_000, 30_000),
        ("gouden schakelketting", 750, _GOLD, 8_000, 36_000),
        ("gouden kettinkje met kruisje", 585, _GOLD, 2_000, 6_000),
        ("medaillon", 585, _GOLD, 3_000, 12_000),
        ("zilveren ketting met hanger", 925, _SILVER, 5_000, 40_000),
    ),
    "gold_scrap": (
        ("sloopgoud 14 karaat", 585, _GOLD, 3_000, 60_000),
        ("gebroken kettingen en ringen", 585, _GOLD, 4_000, 40_000),
        ("tandgoud", 750, _GOLD, 2_000, 15_000),
        ("sloopgoud 18 karaat", 750, _GOLD, 3_000, 45_000),
    ),
    "coin": (
        ("gouden tientje 1917", 900, _GOLD, 6_720, 6_720),
        ("Krugerrand 1 ounce", 916, _GOLD, 33_930, 33_930),
        ("gouden dukaat 1986", 983, _GOLD, 3_490, 3_490),
        ("zilveren guldens, rol", 720, _SILVER, 325_000, 325_000),
    ),
    "silverware": (
        ("bestekcassette twaalf personen", 835, _SILVER, 1_800_000, 3_200_000),
        ("theeservies", 835, _SILVER, 900_000, 2_000_000),
        ("kandelaars, paar", 925, _SILVER, 400_000, 1_500_000),
        ("dienblad", 835, _SILVER, 600_000, 1_800_000),
    ),
    "metal_scrap": (
        ("roodkoper, gestript", 0, 0.0085, 5_000_000, 90_000_000),
        ("messing", 0, 0.0055, 4_000_000, 60_000_000),
        ("koperen kabel, ongestript", 0, 0.0035, 8_000_000, 120_000_000),
        ("lood", 0, 0.0018, 10_000_000, 160_000_000),
        ("aluminium profielen", 0, 0.0016, 8_000_000, 140_000_000),
        ("rvs", 0, 0.0013, 8_000_000, 140_000_000),
        ("gemengd schroot", 0, 0.0003, 40_000_000, 600_000_000),
    ),
}
"""By kind: description, fineness in parts per thousand (none for base metal), euro for a gram of
the pure metal, and the lightest and heaviest in milligrams."""
WORKED: Final = 1.6
"""What worked metal costs new, beside its melt."""
