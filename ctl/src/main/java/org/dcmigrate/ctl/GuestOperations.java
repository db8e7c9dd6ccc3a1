package org.dcmigrate.ctl;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.dcmigrate.ctl.GuestCommand.SyntheticGuest;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.DeleteGuestRequest;
import org.dcmigrate.v1.GetGuestRequest;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.ListGuestsRequest;
import org.dcmigrate.v1.ListGuestsResponse;
import org.dcmigrate.v1.WritePattern;

/** What {@code dcmctl guest} does. */
final class GuestOperations {
  private GuestOperations() {}

  static int list(Environment environment, GlobalOptions options, Output output)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      ListGuestsResponse all =
          Session.ask(() -> session.peers().listGuests(ListGuestsRequest.getDefaultInstance()));
      List<String> header =
          new ArrayList<>(List.of("NAME", "KIND", "STATE", "MEMORY", "MIGRATION"));
      if (output.isWide()) {
        header.add("DETAILS");
      }
      Table table = Table.withHeader(header);
      all.getGuestsList().forEach(guest -> table.row(row(guest, output.isWide())));
      output.print(all, table, all.getGuestsList().stream().map(Guest::getName).toList());
      return ExitCode.DONE;
    }
  }

  static int show(Environment environment, GlobalOptions options, Output output, String name)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      GetGuestRequest request = GetGuestRequest.newBuilder().setName(name).build();
      Guest guest = Session.ask(() -> session.peers().getGuest(request)).getGuest();
      output.print(guest, facts(guest), List.of(guest.getName()));
      return ExitCode.DONE;
    }
  }

  static int create(
      Environment environment, GlobalOptions options, Output output, SyntheticGuest wanted)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      CreateGuestRequest request =
          CreateGuestRequest.newBuilder()
              .setName(wanted.name())
              .setMemoryBytes(wanted.memoryBytes())
              .setWritesPerSecond(wanted.writes())
              .setPattern(
                  wanted.hotSet()
                      ? WritePattern.WRITE_PATTERN_HOT_SET
                      : WritePattern.WRITE_PATTERN_UNIFORM)
              .setSeed(wanted.seed())
              .setZeroPercent(wanted.zeroPercent())
              .setRepeatedPercent(wanted.repeatedPercent())
              .build();
      Guest guest = Session.ask(() -> session.peers().createGuest(request)).getGuest();
      output.print(guest, facts(guest), List.of(guest.getName()));
      return ExitCode.DONE;
    }
  }

  static int delete(Environment environment, GlobalOptions options, String name)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      DeleteGuestRequest request = DeleteGuestRequest.newBuilder().setName(name).build();
      Session.ask(() -> session.peers().deleteGuest(request));
      return ExitCode.DONE;
    }
  }

  private static List<String> row(Guest guest, boolean wide) {
    List<String> cells =
        new ArrayList<>(
            List.of(
                guest.getName(),
                guest.getKind(),
                state(guest),
                Units.bytes(guest.getMemoryBytes()),
                wide ? guest.getMigrationId() : MigrationTexts.shortId(guest.getMigrationId())));
    if (wide) {
      cells.add(details(guest));
    }
    return cells;
  }

  private static Table facts(Guest guest) {
    Table table =
        Table.ofFacts()
            .fact("name", guest.getName())
            .fact("kind", guest.getKind())
            .fact("state", state(guest))
            .fact("memory", Units.bytes(guest.getMemoryBytes()))
            .fact("migration", guest.getMigrationId());
    new TreeMap<>(guest.getDetailsMap()).forEach(table::fact);
    return table;
  }

  private static String state(Guest guest) {
    return MigrationTexts.bare(guest.getState().name(), "GUEST_STATE_");
  }

  private static String details(Guest guest) {
    List<String> details = new ArrayList<>();
    new TreeMap<>(guest.getDetailsMap()).forEach((key, value) -> details.add(key + "=" + value));
    return String.join(", ", details);
  }
}
