package org.offlineauth.server;

/** What is said when the pages, which have the other words, cannot be shown. */
final class Words {
  final String failed;
  final String lostTitle;
  final String lost;
  final String startAnew;
  final String notNow;

  private Words(String failed, String lostTitle, String lost, String startAnew, String notNow) {
    this.failed = failed;
    this.lostTitle = lostTitle;
    this.lost = lost;
    this.startAnew = startAnew;
    this.notNow = notNow;
  }

  private static final Words ENGLISH =
      new Words(
          "Something went wrong here. Try again.",
          "The key of this app is lost",
          "What this app keeps about people and their apps can no longer be read: the device has lost the key. You can start anew. People have to be added and apps allowed again.",
          "Start anew",
          "Not now");
  private static final Words FRENCH =
      new Words(
          "Une erreur est survenue. Réessayez.",
          "La clé de cette application est perdue",
          "Ce que cette application conserve sur les personnes et leurs applications ne peut plus être lu : l’appareil a perdu la clé. Vous pouvez recommencer à zéro. Il faudra ajouter les personnes et autoriser les applications à nouveau.",
          "Recommencer à zéro",
          "Pas maintenant");
  private static final Words SPANISH =
      new Words(
          "Algo salió mal. Inténtelo de nuevo.",
          "Se perdió la clave de esta aplicación",
          "Lo que esta aplicación guarda sobre las personas y sus aplicaciones ya no se puede leer: el dispositivo perdió la clave. Puede empezar de nuevo. Habrá que añadir a las personas y permitir las aplicaciones otra vez.",
          "Empezar de nuevo",
          "Ahora no");
  private static final Words ARABIC =
      new Words(
          "حدث خطأ ما. حاول مرة أخرى.",
          "ضاع مفتاح هذا التطبيق",
          "لم يعد من الممكن قراءة ما يحفظه هذا التطبيق عن الأشخاص وتطبيقاتهم: فقد الجهاز المفتاح. يمكنك البدء من جديد، ويجب عندها إضافة الأشخاص والسماح للتطبيقات مرة أخرى.",
          "البدء من جديد",
          "ليس الآن");

  /** The words of a language, by its code of ISO 639-1; English if there are none. */
  static Words of(String language) {
    switch (language) {
      case "fr":
        return FRENCH;
      case "es":
        return SPANISH;
      case "ar":
        return ARABIC;
      default:
        return ENGLISH;
    }
  }
}
