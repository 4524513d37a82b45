/** On which kind of device the page pretends to run. */
import { strictRecord } from "./strict";

const state = {
  isDesktop: true, isMobile: false, isDesktopApp: true, isMobileApp: false, isIosApp: false, isAndroidApp: false,
  isPhone: false, isTablet: false, isMacOS: false, isWin: false, isLinux: true, isSafari: false, resourcePathPrefix: "app://local/",
};

export const Platform = strictRecord("Platform member", state);

export function becomePhone(): void {
  Object.assign(state, { isDesktop: false, isMobile: true, isDesktopApp: false, isMobileApp: true, isAndroidApp: true, isPhone: true, isLinux: false, resourcePathPrefix: "http://localhost/_capacitor_file_" });
}
