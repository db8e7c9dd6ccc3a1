package org.dcmigrate.ctl;

import org.dcmigrate.v1.Advice;
import org.dcmigrate.v1.Forecast;
import org.dcmigrate.v1.Migration;

/** What is wrong with a running migration, and what the operator can do about it. */
final class Statement {
  private Statement() {}

  /** Lines, each ended by a line feed; empty where nothing is wrong. */
  static String of(Migration migration) {
    Forecast forecast = migration.getProgress().getForecast();
    if (forecast.getReason().isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    text.append(ProgressLine.verdict(forecast)).append(": ");
    text.append(Table.harmless(forecast.getReason())).append('\n');
    for (Advice advice : forecast.getAdviceList()) {
      text.append("  - ").append(Table.harmless(advice.getExplanation())).append('\n');
      if (!advice.getCommand().isEmpty()) {
        text.append("      ").append(Table.harmless(advice.getCommand())).append('\n');
      }
    }
    return text.toString();
  }
}
