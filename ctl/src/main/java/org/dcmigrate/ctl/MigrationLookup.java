package org.dcmigrate.ctl;

import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.v1.ListMigrationsRequest;
import org.dcmigrate.v1.Migration;

/** Finds the migration that an operator means: by id, by a prefix of it, or by its guest. */
final class MigrationLookup {
  private MigrationLookup() {}

  /**
   * The full id.
   *
   * @throws CtlException with exit code 5 when there is none, 2 when there are several
   */
  static String id(Session session, String meant) throws CtlException {
    if (isId(meant)) {
      return meant;
    }
    List<Migration> all =
        Session.ask(
                () ->
                    session.migrations().listMigrations(ListMigrationsRequest.getDefaultInstance()))
            .getMigrationsList();
    // A guest's name first: a short one of letters a to f must not be hidden by an id.
    List<Migration> found = matching(all, each -> each.getGuest().equals(meant) && !hasEnded(each));
    if (found.isEmpty() && !meant.isEmpty()) {
      found = matching(all, each -> each.getMigrationId().startsWith(meant));
    }
    if (found.isEmpty()) {
      found = matching(all, each -> each.getGuest().equals(meant));
    }
    if (found.size() == 1) {
      return found.getFirst().getMigrationId();
    }
    if (found.isEmpty()) {
      throw new CtlException(
          ExitCode.REFUSED,
          "refused (MIGRATION_UNKNOWN): this peer is the source of no migration "
              + Text.quote(meant)
              + "; see: dcmctl migration list");
    }
    throw CtlException.usage(
        "%s fits several migrations: %s"
            .formatted(Text.quote(meant), found.stream().map(Migration::getMigrationId).toList()));
  }

  /** Whether nothing more will happen to a migration. */
  static boolean hasEnded(Migration migration) {
    return switch (migration.getState()) {
      case MIGRATION_STATE_COMPLETED, MIGRATION_STATE_CANCELLED, MIGRATION_STATE_FAILED -> true;
      default -> false;
    };
  }

  private static boolean isId(String text) {
    try {
      return UUID.fromString(text).toString().equals(text);
    } catch (IllegalArgumentException other) {
      return false;
    }
  }

  private static List<Migration> matching(List<Migration> all, Predicate<Migration> wanted) {
    return all.stream().filter(wanted).toList();
  }
}
