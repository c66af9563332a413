"""Invented companies and people of the demo's books of business. Any likeness is chance."""

# (company, country of its contacts)
COMPANIES: tuple[tuple[str, str], ...] = (
    ("Aurelia Freight", "de"), ("Nordhaven Pharma", "se"), ("Kestrel & Rowe", "uk"), ("Bergmann Antriebstechnik GmbH", "de"),
    ("Lumière Cosmétiques", "fr"), ("Casa Verde Foods", "es"), ("Harrow Street Clinics", "uk"), ("Polaris Gridworks", "us"),
    ("Ostrava Steel Fittings", "cz"), ("Fjordlys Energi", "no"), ("Maple & Main Credit Union", "us"), ("Tessera Robotics", "it"),
    ("Вектор Логистика", "ru"), ("北辰精密机械", "cn"), ("みなと物流", "jp"), ("شركة النخيل للتوريدات", "ae"),
    ("Gebrüder Wolkenstein Maschinenbau und Fördertechnik GmbH & Co. KG", "de"), ("Saltmarsh Brewing", "uk"),
    ("Vantage Point Schools Trust", "uk"), ("Calder Insurance Group", "uk"), ("Riverbend Hospitals", "us"), ("Ødegaard Shipping", "no"),
    ("Piedmont Paper", "it"), ("Solène & Fils", "fr"), ("Quarry Hill Aggregates", "uk"), ("Bluestem Farms Cooperative", "us"),
    ("Helvetia Medizintechnik", "ch"), ("Orchard Lane Property", "uk"), ("Zephyr Airways Services", "es"), ("Kappel Bakeries", "de"),
    ("Inverness Timber", "uk"), ("Monarch Label", "us"), ("Castellan Security", "uk"), ("Dunmore Water", "ie"), ("Aster Diagnostics", "nl"),
    ("Van der Meer Tuinbouw", "nl"), ("Brightwater Utilities", "uk"), ("Sable & Finch", "uk"), ("Estrela do Mar Conservas", "pt"),
    ("Kowalczyk Meble", "pl"), ("Trident Marine Supply", "us"), ("Granit Bau AG", "ch"), ("Lakeshore Orthopedics", "us"),
    ("Mirador Hoteles", "es"), ("Fenwick Optical", "uk"), ("Juniper Home Care", "us"), ("Rautio Elektroniikka", "fi"),
    ("Tallinna Tööriistad", "ee"), ("Corvus Analytics", "uk"), ("Hollis & Grey Architects", "uk"), ("Praxis Dental Partners", "de"),
    ("Almeida Têxtil", "pt"), ("Northgate Recycling", "uk"), ("Silverline Coaches", "uk"), ("Wattle Creek Wines", "au"),
    ("Kōwhai Outdoor", "nz"), ("Ember & Oak Restaurants", "us"), ("Larkspur Publishing", "uk"), ("Dockyard Four", "ie"),
    ("Baltic Cold Storage", "ee"), ("Hargreave Motors", "uk"), ("Pinnacle Lifts", "uk"), ("Atelier Morisot", "fr"), ("Sirocco HVAC", "it"),
    ("Kingfisher Pools", "au"), ("Drøbak Ferjeselskap", "no"), ("Meridian Court Reporters", "us"), ("Tamarind Catering", "in"),
    ("Shakti Solar", "in"), ("Anvil Forge Tools", "us"), ("Lindqvist Golv", "se"), ("Oakhurst Academy", "us"), ("Bellwether Wool", "au"),
    ("Caledon Print", "uk"), ("Novak Strojírny", "cz"), ("Petersfield Vets", "uk"), ("Château d’Arvant", "fr"), ("Iberia Cork", "pt"),
    ("Gullwing Aerospace Components", "us"), ("Thornbury Council Services", "uk"), ("Wexford Dairies", "ie"), ("Halcyon Spa Group", "uk"),
    ("Kruger Analytik", "de"), ("Southbank Theatre Rentals", "uk"), ("Verdant Facades", "nl"), ("Ostwind Netze", "de"),
    ("Prairie Gold Milling", "us"), ("Cedar & Stone Funeral Homes", "us"), ("Lisboa Eléctrica", "pt"), ("Marlow Elevators", "uk"),
    ("Sunniva Barnehager", "no"), ("Bayside Marinas", "us"), ("Goldfinch Lighting", "uk"), ("Toivonen Paperi", "fi"), ("Rialto Ceramiche", "it"),
    ("Exeter Valley Growers", "uk"), ("Kestrel Data Centres", "ie"), ("Hansa Kontor", "de"), ("Mistral Voile", "fr"), ("Whitcombe Legal", "uk"),
    # The second tenant's.
    ("Alder Point Capital", "us"), ("Bristlecone Outfitters", "us"), ("Copper Kettle Foods", "us"), ("Delmar Logistics", "us"),
    ("Eastlake Pediatrics", "us"), ("Foxglove Apothecary", "us"), ("Granite State Bank", "us"), ("Hudson & Vale", "us"),
    ("Ironwood Builders", "us"), ("Jasper County Schools", "us"), ("Keystone Plastics", "us"), ("Lantern Media", "us"),
    ("Mesa Verde Telecom", "us"), ("Nantucket Yarns", "us"), ("Old Mill Grocers", "us"), ("Pacific Crest Labs", "us"),
    ("Quincy Freight", "us"), ("Redwood Title", "us"), ("Sandhill Solar", "us"), ("Tupelo Health", "us"),
)  # fmt: skip

_PEOPLE: dict[str, str] = {
    "de": "Anke Vogt,Jürgen Hartmann,Sabine Kröger,Tobias Lenz", "se": "Elsa Nyström,Oskar Blom,Maja Ek",
    "uk": "Harriet Cole,Tom Ashworth,Imogen Blake,Dev Patel,Rhys Morgan,Charlotte Webb", "fr": "Camille Renaud,Hugo Marchetti,Inès Fabre",
    "es": "Lucía Navarro,Javier Ortega", "us": "Megan Doyle,Chris Alvarado,Tanya Brooks,Will Kim,Denise Carter", "cz": "Petra Dvořáková,Marek Svoboda",
    "no": "Ingrid Solheim,Lars Aune", "it": "Giulia Ferrero,Paolo Conti", "ru": "Ольга Смирнова,Андрей Волков", "cn": "王丽,陈伟",
    "jp": "佐藤 美咲,高橋 健", "ae": "فاطمة الحسن,خالد ناصر", "ch": "Regula Frei,Beat Zürcher", "ie": "Aoife Byrne,Conor Walsh",
    "nl": "Femke de Boer,Joost Visser", "pt": "Beatriz Sousa,Rui Teixeira", "pl": "Agnieszka Nowak,Piotr Zając", "fi": "Aino Laine,Mikko Salo",
    "ee": "Kadri Tamm,Rasmus Kask", "au": "Georgia Marsh,Liam Hughes", "nz": "Aroha Wilson,Ben Tait", "in": "Ananya Iyer,Rahul Mehta",
}  # fmt: skip

CONTACTS: dict[str, tuple[str, ...]] = {
    country: tuple(names.split(",")) for country, names in _PEOPLE.items()
}
