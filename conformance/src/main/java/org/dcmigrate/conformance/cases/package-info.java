/** The cases. Each negative one shows first that its path works, and at last that it still does. */
@NullMarked
package org.dcmigrate.conformance.cases;

import org.jspecify.annotations.NullMarked;
