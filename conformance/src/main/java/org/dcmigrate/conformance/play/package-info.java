/** What cases are made of: calls with deadlines, a small guest, migrations, and checks. */
@NullMarked
package org.dcmigrate.conformance.play;

import org.jspecify.annotations.NullMarked;
